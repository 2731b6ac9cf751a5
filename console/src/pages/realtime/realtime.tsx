export function RealtimePage() { return null; }
