export const auth = {
  userSheet: {
    search: "Address, phone, id, WeChat openid, name", profile: "Profile", sessions: "Sessions", factors: "Sign-in", banFor: "For how long", bans: { hour: "1 hour", day: "1 day", week: "7 days", month: "30 days", forever: "For good" },
    soft: "Keep an anonymous row (soft delete)", softHelp: "Everything personal is removed, the id stays, so that other tables keep their references. It cannot be undone.", softDeleted: "Deleted",
  },
  sessions: {
    empty: "No sessions: this user is signed in nowhere.", unknownDevice: "Unknown device", began: "Signed in {{at}}", used: "Refreshed {{at}}", end: "End", endAll: "End all sessions", ended: "Session ended",
    endTitle: "End this session?", endBody: "The device cannot refresh its token and must sign in again. Access tokens given out last until they expire.", endAllTitle: "End all sessions of {{name}}?", endAllBody: "{{count}} devices must sign in again. Access tokens given out last until they expire.",
  },
  factors: {
    title: "Second factors", empty: "No authenticator app is set up.", verified: "In use", unverified: "Not finished", remove: "Remove", removed: "Removed", removeTitle: "Remove {{name}}?", removeBody: "This user will sign in without its code from now on.", identities: "Identities", noIdentities: "No identities: an anonymous user.", onlyWechat: "Signs in by WeChat alone.",
  },
  urls: { description: "Where links in mails and finished sign-ins may lead. An address that is not listed gives way to the site URL.", wildcards: "* stands for anything but . and /, ** for anything: https://*.example.com/**" },
  limits: {
    description: "Against abuse: requests beyond a limit get a 429. Changes count at once; 0 refuses all.", whole: "The whole application", wholeNote: "Mails in the mailbox do not count", byAddress: "Each client address", byAddressNote: "Requests from the server's own machine are not limited",
    email_sent: "Mails in an hour", email_sent_help: "Confirmations, recoveries, invitations and so on", sms_sent: "Messages to phones in an hour", sms_sent_help: "Codes",
    otp: "Sign-ups, codes, recoveries", otp_help: "In five minutes, each endpoint apart", verify: "Links and codes tried", verify_help: "In five minutes", token_refresh: "Sign-ins and refreshes", token_refresh_help: "In five minutes", anonymous_users: "Anonymous sign-ins", anonymous_users_help: "In an hour", mfa_challenge_and_verify: "Second factors", mfa_challenge_and_verify_help: "In a minute",
  },
  mails: {
    description: "Which server sends mails, and what they say.", server: "SMTP server", serverNote: "Without a server mails are not sent but kept in the mailbox.",
    smtp: {
      host: "Server", host_help: "For example smtp.example.com; empty: nothing is sent", port: "Port", port_help: "TLS usually has 465, STARTTLS 587", encryption: "Encryption", encryption_help: "", user: "User name", user_help: "", password: "Password", password_help: "Kept sealed, never shown again", sender_address: "Sender address", sender_address_help: "", sender_name: "Sender name", sender_name_help: "",
    },
    encryption: { tls: "TLS", starttls: "STARTTLS", none: "None (inside a network only)" },
    test: "Trial mail", testTo: "To this address", testSend: "Send", testHelp: "Sends an example by the saved settings; if it fails, the mail server's own words are shown.", testSent: "The mail server has taken it", testCaught: "No SMTP server is set: the mail is in the mailbox",
    language: "Language", defaultLanguage: "Language of default texts", defaultLanguageHelp: "For mails without a text of your own", chinese: "Chinese", english: "English", texts: "Texts", occasion: "Occasion", subject: "Subject", state: "State", own: "Your own", default: "Default",
    content: "Body (HTML)", contentHelp: "Go templates as Supabase has them: variables, if / else / with / range, eq, and, or, not.", variables: "Variables (click to add at the end)", useChinese: "Take the Chinese default", useEnglish: "Take the English default", preview: "Preview", reset: "Back to the default", resetTitle: "Back to the default text?", resetBody: "Your own subject and body are deleted.",
    notifications: "Told of changes", notificationsNote: "Goes to the user's address",
    kinds: {
      confirmation: "Confirm a sign-up", invite: "Invitation", magic_link: "Link to sign in", email_change: "Change of address", recovery: "New password", reauthentication: "Proof of identity", password_changed_notification: "Password changed", email_changed_notification: "Address changed", phone_changed_notification: "Phone number changed", identity_unlinked_notification: "Way to sign in removed", mfa_factor_enrolled_notification: "Second factor added", mfa_factor_unenrolled_notification: "Second factor removed",
    },
  },
  mailbox: {
    description: "Without an SMTP server mails are not sent but kept here, for development. A restart empties it; it holds 200 mails of each application.", hasServer: "Mails are sent by {{host}} now and no longer kept here.", empty: "No mails yet", emptyHelp: "Switch “No confirmation of addresses” off and sign somebody up, or send an invitation: the mail appears here.", at: "Time", to: "To", kind: "Kind", code: "Code", link: "Link", clear: "Empty", cleared: "Emptied", clearTitle: "Empty the mailbox?", clearBody: "{{count}} mails are deleted; links and codes in them still count.",
  },
  hooks: {
    description: "Your own code at sign-up, sign-in and when mails are sent: a function in the database or an HTTPS endpoint.", configure: "Set up", enabled: "In use", byFunction: "Function", byHttp: "HTTPS endpoint", function: "Function", functionHelp: "Takes and returns jsonb, within two seconds.", noFunction: "No function fits. Create one under Database → Functions that takes event jsonb and returns jsonb.", grants: "Saving runs these grants, so that the auth service can call it and clients cannot:",
    address: "Address", addressHelp: "Gets JSON by POST and answers within five seconds; http only on this machine.", secret: "Signing secret", secretHelp: "Signed as Standard Webhooks are; while one replaces the other, part them by |.", newSecret: "New secret", badFunction: "Choose a function.", badAddress: "Give an https address, or http on this machine.",
    names: { custom_access_token: "Custom access token", before_user_created: "Before a user is created", send_email: "Send mail", send_sms: "Send message to phone", password_verification_attempt: "Password verification", mfa_verification_attempt: "Second factor verification" },
    helps: { custom_access_token: "Changes the claims of each token, for example by adding a role.", before_user_created: "May refuse a sign-up, for example from other domains.", send_email: "Sends mails in place of the SMTP server.", send_sms: "Sends codes in place of the provider.", password_verification_attempt: "Asked at every sign-in by password; may refuse, for example after failures.", mfa_verification_attempt: "Asked at every try of a second factor; may refuse." },
  },
  sms: {
    provider: "Provider", provider_help: "Who sends the codes", providers: { none: "None", aliyun: "Aliyun SMS" }, otp_exp: "Lifetime", otp_exp_help: "When a code ends", otp_length: "Length", otp_length_help: "Digits of a code", max_frequency: "Interval", max_frequency_help: "Least time between two messages to one user", test_otps: "Test numbers", test_otps_help: "One number=code a line; no message is sent",
    aliyun: { title: "Aliyun SMS", note: "The template needs a variable named code", region_id: "Region ID", region_id_help: "For example cn-hangzhou", access_key_id: "AccessKey ID", access_key_id_help: "", access_key_secret: "AccessKey secret", access_key_secret_help: "Kept sealed, never shown again", sign_name: "Signature", sign_name_help: "An approved signature", template_code: "Template code", template_code_help: "For example SMS_123456789" },
  },
} as const;
