export const shell = {
  common: {
    close: "Close", cancel: "Cancel", confirm: "Confirm", save: "Save", saved: "Saved", create: "Create", delete: "Delete", edit: "Edit",
    copy: "Copy", copied: "Copied", retry: "Retry", refresh: "Refresh", more: "More", search: "Search", schema: "Schema", description: "Description",
    optional: "Optional", choose: "Choose…", previous: "Previous page", next: "Next page", loadMore: "Load more", dangerZone: "Danger zone",
    typeToConfirm: "Type {{text}} to confirm:", name: "Name", type: "Type", yes: "Yes", no: "No",
  },
  error: {
    hint: "Hint: ", unreachable: "The server cannot be reached", unreachableHint: "Check that Hearth is running, and your network.",
    hints: { "InvalidKey": "Names have letters a-z, digits, spaces and ! - . * ' ( ) & $ @ = ; : + , ? _ / alone; rename the file first.", "23502": "The column is required: give it a value or a default.", "23503": "The row referred to does not exist, or other rows still refer to this one.", "23505": "Another row has this value already; keys and unique columns cannot repeat.", "23514": "The value does not satisfy a check of the table.", "22P02": "The value is not written as the type of its column wants it.", "22001": "The text is longer than its column allows.", "22003": "The number is out of the range of its column.", "22007": "Dates and times are written like 2026-01-31 12:00:00+08.", "42501": "This role may not do that: look at policies and grants, or run as another role.", "42601": "The SQL is not well formed near the place marked.", "42703": "There is no such column; names with capitals need double quotes.", "42P01": "There is no such table: check name and schema; names with capitals need double quotes.", "42P07": "A table of this name exists already; choose another.", "42710": "An object of this name exists already; choose another.", "42804": "The types do not go together: look at defaults and conditions.", "42883": "There is no such function or operator: look at the types of its arguments.", "2BP01": "Other objects depend on it; change or delete them first.", "57014": "The statement was cancelled or took too long; narrow it down, or add an index.", "25006": "Viewers cannot change anything.", "40P01": "It and another transaction waited for each other; try again.", "53300": "All connections are taken; try again later." },
  },
  shell: {
    brand: "Hearth", menu: "Menu", language: "中文", account: "Account", notFound: "There is no such page", notFoundHelp: "The address may be mistyped, or the application was deleted.", reload: "Reload the page",
    theme: { light: "Light (click for dark)", dark: "Dark (click to follow the system)", system: "Follows the system (click for light)" },
  },
  palette: { open: "Search or go to", placeholder: "Name of a page, table or application…", none: "Nothing found", pages: "Pages", tables: "Tables" },
  role: { owner: "Owner", developer: "Developer", viewer: "Viewer" },
  login: {
    subtitle: "Sign in to the console", username: "User name", password: "Password", submit: "Sign in",
    help: "On first start the server prints the administrator's name and random password; HEARTH_ADMIN_PASSWORD sets one of your own.",
  },
  account: { changePassword: "Change password", currentPassword: "Current password", newPassword: "New password", passwordChanged: "Password changed", signOut: "Sign out" },
  administrators: {
    title: "Administrators", description: "Who may sign in to the console. Owners manage everything, developers change the applications given to them, viewers only look.", create: "Add administrator", username: "User name", role: "Role",
    apps: "Applications", allApps: "All applications", password: "Initial password", resetPassword: "New password (leave empty to keep)", empty: "No other administrators yet", emptyHelp: "Add one to let a colleague in.", edit: "Edit {{name}}",
    deleteTitle: "Delete administrator {{name}}?", deleteBody: "Their sessions end at once and they can no longer sign in. Applications and data are not touched.", deleted: "Deleted", you: "You", onlyOwner: "Only owners can see this page.",
  },
  audit: { title: "Audit log", description: "Who did what, to what, and when.", at: "Time", who: "Administrator", address: "IP address", action: "Action", app: "Application", details: "Details", empty: "Nothing recorded yet", emptyHelp: "Creating applications, showing keys, changing settings and the like are recorded here." },
  nav: {
    home: "Home", editor: "Table editor", sql: "SQL editor", database: "Database", auth: "Authentication", storage: "Storage", realtime: "Realtime", api: "API docs", reports: "Reports", logs: "Logs", settings: "Settings",
    pages: {
      database: { tables: "Tables", functions: "Functions", triggers: "Triggers", extensions: "Extensions", roles: "Roles", indexes: "Indexes", replication: "Replication", diagram: "Schema diagram", webhooks: "Webhooks", migrations: "Migrations", backups: "Backups" },
      auth: { users: "Users", policies: "Policies", providers: "Providers", limits: "Rate limits", templates: "Mail templates", mailbox: "Mailbox", urls: "URLs", hooks: "Hooks", settings: "Settings" },
    },
  },
  apps: {
    title: "My applications", all: "All applications…", description: "Each application has a database, users, storage and keys of its own.", create: "Create application", creating: "Creating…",
    createHelp: "Takes a few seconds: a database, instant API, object storage and Realtime.", empty: "No applications yet", emptyHelp: "Create one; its URL and anon key are ready in a few seconds.",
    name: "Name", namePlaceholder: "My chat room, for example", template: "Template", ref: "Reference", refHelp: "Part of its address; cannot be changed later. Random if left empty.", refPlaceholder: "mychat, for example",
    refBad: "1 to 40 lower-case letters, digits or hyphens, beginning with a letter", default: "Default", database: "Database", storage: "Storage", connections: "Connections", createdAt: "Created {{time}}",
    templates: { empty: "Empty", emptyHelp: "Start from nothing and follow the tutorial step by step.", chatroom: "Chat room", chatroomHelp: "With the messages table, policies, Realtime and the images bucket." },
    state: { active: "Active", paused: "Paused" },
    rename: "Rename", pause: "Pause", resume: "Resume", resumed: "Application resumed", pausedDone: "Application paused", delete: "Delete application", deleted: "Application deleted",
    pauseTitle: "Pause “{{name}}”?", pauseBody: "Every request is refused while it is paused, and clients are disconnected. No data is lost; resume it at any time.",
    deleteTitle: "Delete “{{name}}”?", deleteBody: "Its database ({{database}}), all users, stored files ({{storage}}) and keys are deleted for good. Apps and pages that use it stop working at once.",
    pausedTitle: "“{{name}}” is paused", pausedHelp: "Every request is refused while it is paused. The data is kept, and it is usable seconds after you resume it.",
  },
};
