//! What mails say unless the application has texts of its own.

use hearth_apps::settings::MailLanguage;

use super::kind::MailKind;

/// Subject and body of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) subject: &'static str,
    pub(crate) content: &'static str,
}

/// The default text.
pub(crate) fn default_text(kind: MailKind, language: MailLanguage) -> Text {
    match language {
        MailLanguage::Zh => chinese(kind),
        MailLanguage::En => english(kind),
    }
}

fn text(subject: &'static str, content: &'static str) -> Text {
    Text { subject, content }
}

fn chinese(kind: MailKind) -> Text {
    match kind {
        MailKind::Confirmation => text(
            "请验证您的邮箱",
            "<h2>验证邮箱</h2>\n\n<p>感谢注册。点击下面的链接验证 {{ .Email }}，完成注册：</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">验证邮箱</a></p>\n\
             <p>或者输入验证码：<strong>{{ .Token }}</strong></p>\n\
             <p>如果不是您本人操作，请忽略这封邮件。</p>\n",
        ),
        MailKind::Invite => text(
            "邀请您加入",
            "<h2>邀请您加入</h2>\n\n<p>您被邀请注册 {{ .SiteURL }}。点击下面的链接接受邀请：</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">接受邀请</a></p>\n",
        ),
        MailKind::Recovery => text(
            "重置密码",
            "<h2>重置密码</h2>\n\n<p>我们收到了重置密码的请求。点击下面的链接设置新密码：</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">重置密码</a></p>\n\
             <p>或者输入验证码：<strong>{{ .Token }}</strong></p>\n\
             <p>如果不是您本人操作，请忽略这封邮件，密码不会改变。</p>\n",
        ),
        MailKind::MagicLink => text(
            "您的登录链接",
            "<h2>登录</h2>\n\n<p>点击下面的链接登录。链接很快会失效，只能使用一次：</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">登录</a></p>\n\
             <p>或者输入验证码：<strong>{{ .Token }}</strong></p>\n",
        ),
        MailKind::EmailChange => text(
            "确认更换邮箱",
            "<h2>更换邮箱</h2>\n\n<p>点击下面的链接，确认把邮箱从 {{ .Email }} 更换为 {{ .NewEmail }}：</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">确认更换</a></p>\n\
             <p>或者输入验证码：<strong>{{ .Token }}</strong></p>\n\
             <p>如果不是您本人操作，请忽略这封邮件。</p>\n",
        ),
        MailKind::Reauthentication => text(
            "验证码 {{ .Token }}",
            "<h2>身份验证</h2>\n\n<p>您的验证码是：</p>\n<p><strong>{{ .Token }}</strong></p>\n\
             <p>验证码很快会失效。不要告诉任何人。</p>\n",
        ),
        MailKind::PasswordChanged => text(
            "您的密码已修改",
            "<h2>密码已修改</h2>\n\n<p>账号 {{ .Email }} 的密码刚刚被修改。</p>\n\
             <p>如果不是您本人操作，请立即重置密码并联系我们。</p>\n",
        ),
        MailKind::EmailChanged => text(
            "您的邮箱已更换",
            "<h2>邮箱已更换</h2>\n\n<p>账号的邮箱已从 {{ .OldEmail }} 更换为 {{ .Email }}。</p>\n\
             <p>如果不是您本人操作，请立即联系我们。</p>\n",
        ),
        MailKind::PhoneChanged => text(
            "您的手机号已更换",
            "<h2>手机号已更换</h2>\n\n<p>账号 {{ .Email }} 的手机号已从 {{ .OldPhone }} 更换为 {{ .Phone }}。</p>\n\
             <p>如果不是您本人操作，请立即联系我们。</p>\n",
        ),
        MailKind::IdentityUnlinked => text(
            "一种登录方式已解绑",
            "<h2>登录方式已解绑</h2>\n\n<p>账号 {{ .Email }} 的登录方式 {{ .Provider }} 已解绑。</p>\n\
             <p>如果不是您本人操作，请立即联系我们。</p>\n",
        ),
        MailKind::FactorEnrolled => text(
            "已启用新的两步验证方式",
            "<h2>已启用两步验证</h2>\n\n<p>账号 {{ .Email }} 新增了两步验证方式 {{ .FactorType }}。</p>\n\
             <p>如果不是您本人操作，请立即联系我们。</p>\n",
        ),
        MailKind::FactorUnenrolled => text(
            "一种两步验证方式已移除",
            "<h2>两步验证已移除</h2>\n\n<p>账号 {{ .Email }} 的两步验证方式 {{ .FactorType }} 已移除。</p>\n\
             <p>如果不是您本人操作，请立即联系我们。</p>\n",
        ),
    }
}

fn english(kind: MailKind) -> Text {
    match kind {
        MailKind::Confirmation => text(
            "Please confirm your address",
            "<h2>Confirm your address</h2>\n\n<p>Thank you for signing up. Open this link to confirm {{ .Email }}:</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">Confirm my address</a></p>\n\
             <p>Or enter the code <strong>{{ .Token }}</strong></p>\n\
             <p>If this was not you, ignore this mail.</p>\n",
        ),
        MailKind::Invite => text(
            "You are invited",
            "<h2>You are invited</h2>\n\n<p>You are invited to {{ .SiteURL }}. Open this link to accept:</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">Accept the invitation</a></p>\n",
        ),
        MailKind::Recovery => text(
            "Set a new password",
            "<h2>Set a new password</h2>\n\n<p>Somebody asked to reset the password of {{ .Email }}. Open this link to set a new one:</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">Set a new password</a></p>\n\
             <p>Or enter the code <strong>{{ .Token }}</strong></p>\n\
             <p>If this was not you, ignore this mail: your password stays as it is.</p>\n",
        ),
        MailKind::MagicLink => text(
            "Your link to sign in",
            "<h2>Sign in</h2>\n\n<p>Open this link to sign in. It works once and not for long:</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">Sign in</a></p>\n\
             <p>Or enter the code <strong>{{ .Token }}</strong></p>\n",
        ),
        MailKind::EmailChange => text(
            "Confirm your new address",
            "<h2>Confirm your new address</h2>\n\n<p>Open this link to change your address from {{ .Email }} to {{ .NewEmail }}:</p>\n\
             <p><a href=\"{{ .ConfirmationURL }}\">Confirm the change</a></p>\n\
             <p>Or enter the code <strong>{{ .Token }}</strong></p>\n\
             <p>If this was not you, ignore this mail.</p>\n",
        ),
        MailKind::Reauthentication => text(
            "{{ .Token }} is your code",
            "<h2>Is it you?</h2>\n\n<p>Your code is:</p>\n<p><strong>{{ .Token }}</strong></p>\n\
             <p>It does not last long. Tell it to nobody.</p>\n",
        ),
        MailKind::PasswordChanged => text(
            "Your password was changed",
            "<h2>Your password was changed</h2>\n\n<p>The password of {{ .Email }} was changed a moment ago.</p>\n\
             <p>If this was not you, reset it at once and tell us.</p>\n",
        ),
        MailKind::EmailChanged => text(
            "Your address was changed",
            "<h2>Your address was changed</h2>\n\n<p>Your account's address changed from {{ .OldEmail }} to {{ .Email }}.</p>\n\
             <p>If this was not you, tell us at once.</p>\n",
        ),
        MailKind::PhoneChanged => text(
            "Your phone number was changed",
            "<h2>Your phone number was changed</h2>\n\n<p>The phone number of {{ .Email }} changed from {{ .OldPhone }} to {{ .Phone }}.</p>\n\
             <p>If this was not you, tell us at once.</p>\n",
        ),
        MailKind::IdentityUnlinked => text(
            "A way to sign in was removed",
            "<h2>A way to sign in was removed</h2>\n\n<p>{{ .Provider }} no longer signs in {{ .Email }}.</p>\n\
             <p>If this was not you, tell us at once.</p>\n",
        ),
        MailKind::FactorEnrolled => text(
            "A second factor was added",
            "<h2>A second factor was added</h2>\n\n<p>{{ .Email }} now has the second factor {{ .FactorType }}.</p>\n\
             <p>If this was not you, tell us at once.</p>\n",
        ),
        MailKind::FactorUnenrolled => text(
            "A second factor was removed",
            "<h2>A second factor was removed</h2>\n\n<p>{{ .Email }} no longer has the second factor {{ .FactorType }}.</p>\n\
             <p>If this was not you, tell us at once.</p>\n",
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mail::template::Template;

    #[test]
    fn every_default_text_is_a_template() {
        for kind in MailKind::ALL {
            for language in [MailLanguage::Zh, MailLanguage::En] {
                let text = default_text(kind, language);
                Template::parse(text.subject).unwrap();
                Template::parse(text.content).unwrap();
            }
        }
    }
}
