export function AuthSettingsPage() { return null; }
