//! What is wrong with a value somebody typed.

/// A broken rule of one field, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("{field} is required")]
    Missing { field: &'static str },
    #[error("{field} needs {min} to {max} characters")]
    Length { field: &'static str, min: usize, max: usize },
    #[error("{field} may contain only {allowed}")]
    Characters { field: &'static str, allowed: &'static str },
    #[error("{field} must start and end with a letter or digit")]
    Ends { field: &'static str },
    #[error("Choose one of the listed values for {field}")]
    Unlisted { field: &'static str },
    #[error("Email must look like name@example.com")]
    Email,
    #[error("S3 Endpoint must be an http or https address with a host, such as https://s3.example.com")]
    EndpointNotUrl,
    #[error("S3 Endpoint must not contain a user, a query or a fragment")]
    EndpointExtras,
    #[error("Time Zone must be a name such as Europe/Prague or UTC")]
    TimeZone,
    #[error("Cron Expression is not understood: {reason}. Write minute hour day month weekday, such as 30 2 * * *")]
    CronSyntax { reason: String },
    #[error("Cron Expression never fires: no such date exists")]
    CronNever,
    #[error("{field} is not understood. Write it such as {example}")]
    CronWords { field: &'static str, example: &'static str },
    #[error("Retention Period must be a duration such as 72h, 30d or 10h30m")]
    Retention,
    #[error("Retention Period must be between one hour and 100 years")]
    RetentionRange,
    #[error("{field} must be a whole number from 0 to {max}")]
    Count { field: &'static str, max: u16 },
    #[error("{field} has a pattern that is not understood: {pattern}")]
    Pattern { field: &'static str, pattern: String },
    #[error("{field} has a pattern that leaves the source: {pattern}")]
    PatternOutside { field: &'static str, pattern: String },
    #[error("{field} must be an absolute path, such as /srv/data")]
    NotAbsolute { field: &'static str },
    #[error("{field} must be a path inside the backup, without ..")]
    PathOutside { field: &'static str },
    #[error(
        "Connection URL must look like postgresql://user:password@host:5432/database. Write special characters in it percent-encoded, such as %23 for #"
    )]
    ConnectionUrl,
    #[error("Connection URL needs one host name or address. Sockets are not supported")]
    ConnectionUrlHost,
    #[error("Connection URL lacks the {part}. Write postgresql://user:password@host:5432/database")]
    ConnectionUrlPart { part: &'static str },
    #[error("Connection URL has the parameter {name}, which is not supported. Only sslmode is")]
    ConnectionUrlParameter { name: String },
    #[error(
        "{field} must be an http or https address with a host and without a fragment, such as https://example.com/hook"
    )]
    HookUrl { field: &'static str },
    #[error("{field} may have at most {most} entries")]
    TooMany { field: &'static str, most: usize },
    #[error(
        "This password is easy to guess. Choose a longer one, such as four words that have nothing to do with each other"
    )]
    PasswordIsCommon,
    #[error("Password must not contain your email, your organization or the name of this console. Choose another one")]
    PasswordHasName,
    #[error("Code must be the 6 digits that your app shows, or a recovery code such as ABCDE-FGHJK")]
    Code,
    #[error("Bucket Name must follow the S3 rules: 3 to 63 lower-case letters, digits, dots or hyphens")]
    BucketName,
}

/// Length in characters, after trimming.
pub(crate) fn length(field: &'static str, text: &str, range: std::ops::RangeInclusive<usize>) -> Result<(), RuleError> {
    let count = text.chars().count();
    if count == 0 && *range.start() > 0 {
        return Err(RuleError::Missing { field });
    }
    if range.contains(&count) {
        return Ok(());
    }
    Err(RuleError::Length { field, min: *range.start(), max: *range.end() })
}
