// lib/supabase.js is exactly the tutorial's. With url and key still empty its createClient throws;
// that must reach the user as words, not as a blank page.
export function openClient() {
  try {
    const { supabase } = require('../lib/supabase')
    return { client: supabase, problem: '' }
  } catch (error) {
    return { client: null, problem: (error && error.message) || String(error) }
  }
}
