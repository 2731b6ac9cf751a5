export function IndexesPage() { return null; }
