//! What is wrong with a value somebody typed.

mod cron_reason;

pub(crate) use self::cron_reason::EMPTY_ITEM;

/// A broken rule of one field, in words for the person who typed it. Fields are named by their labels, which are
/// translated when the words are asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("{}", tr!("{field} is required", field = tr!(.field)))]
    Missing { field: &'static str },
    #[error("{}", tr!("{field} needs {min} to {max} characters", field = tr!(.field), min = .min, max = .max))]
    Length { field: &'static str, min: usize, max: usize },
    #[error("{}", tr!("{field} must be a size such as 500 MiB or 2 GiB", field = tr!(.field)))]
    Size { field: &'static str },
    #[error("{}", tr!("{field} may contain only {allowed}", field = tr!(.field), allowed = tr!(.allowed)))]
    Characters { field: &'static str, allowed: &'static str },
    #[error("{}", tr!("{field} must start and end with a letter or digit", field = tr!(.field)))]
    Ends { field: &'static str },
    #[error("{}", tr!("Choose one of the listed values for {field}", field = tr!(.field)))]
    Unlisted { field: &'static str },
    #[error("{}", tr!("Tick something in the list first"))]
    NothingChosen,
    #[error("{}", tr!("Email must look like name@example.com"))]
    Email,
    #[error("{}", tr!("S3 Endpoint must be an http or https address with a host, such as https://s3.example.com"))]
    EndpointNotUrl,
    #[error("{}", tr!("S3 Endpoint must not contain a user, a query or a fragment"))]
    EndpointExtras,
    #[error(
        "{}",
        tr!(
            "This holds a private key. Enter the authority's certificate alone, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----"
        )
    )]
    CertificateIsKey,
    #[error(
        "{}",
        tr!(
            "This is not a certificate in PEM format. Enter the authority's certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----"
        )
    )]
    Certificate,
    #[error("{}", tr!("Time Zone must be a name such as Europe/Prague or UTC"))]
    TimeZone,
    #[error(
        "{}",
        tr!(
            "Cron Expression is not understood: {reason}. Write minute hour day month weekday, such as 30 2 * * *",
            reason = cron_reason::translated(.reason)
        )
    )]
    CronSyntax { reason: String },
    #[error(
        "{}",
        tr!(
            "Cron Expression is not understood: it has {n} fields instead of 5. Write minute hour day month weekday, such as 30 2 * * *"
                | "Cron Expression is not understood: it has {n} fields instead of 5. Write minute hour day month weekday, such as 30 2 * * *"
                % *.fields
        )
    )]
    CronFields { fields: usize },
    #[error("{}", tr!("Cron Expression never fires: no such date exists"))]
    CronNever,
    #[error(
        "{}",
        tr!(
            "{field} is not understood. Write it such as {example}",
            field = tr!(.field), example = .example
        )
    )]
    CronWords { field: &'static str, example: &'static str },
    #[error("{}", tr!("Retention Period must be a duration such as 72h, 30d or 10h30m"))]
    Retention,
    #[error("{}", tr!("Retention Period must be between one hour and 100 years"))]
    RetentionRange,
    #[error("{}", tr!("{field} must be a whole number from 0 to {max}", field = tr!(.field), max = .max))]
    Count { field: &'static str, max: u16 },
    #[error(
        "{}",
        tr!(
            "{field} has a pattern that is not understood: {pattern}",
            field = tr!(.field), pattern = .pattern
        )
    )]
    Pattern { field: &'static str, pattern: String },
    #[error(
        "{}",
        tr!(
            "{field} has a pattern that leaves the source: {pattern}",
            field = tr!(.field), pattern = .pattern
        )
    )]
    PatternOutside { field: &'static str, pattern: String },
    #[error("{}", tr!("{field} must be an absolute path, such as /srv/data", field = tr!(.field)))]
    NotAbsolute { field: &'static str },
    #[error("{}", tr!("{field} must be a path inside the backup, without ..", field = tr!(.field)))]
    PathOutside { field: &'static str },
    #[error(
        "{}",
        tr!(
            "Connection URL must look like postgresql://user:password@host:5432/database. Write special characters in it percent-encoded, such as %23 for #"
        )
    )]
    ConnectionUrl,
    #[error("{}", tr!("Connection URL needs one host name or address. Sockets are not supported"))]
    ConnectionUrlHost,
    #[error("{}", tr!("Connection URL lacks the user. Write postgresql://user:password@host:5432/database"))]
    ConnectionUrlUser,
    #[error("{}", tr!("Connection URL lacks the database. Write postgresql://user:password@host:5432/database"))]
    ConnectionUrlDatabase,
    #[error(
        "{}",
        tr!(
            "Connection URL has the parameter {name}, which is not supported. Only sslmode is",
            name = .name
        )
    )]
    ConnectionUrlParameter { name: String },
    #[error(
        "{}",
        tr!(
            "{field} must be an http or https address with a host and without a fragment, such as https://example.com/hook",
            field = tr!(.field)
        )
    )]
    HookUrl { field: &'static str },
    #[error("{}", tr!("{field} may have at most {most} entries", field = tr!(.field), most = .most))]
    TooMany { field: &'static str, most: usize },
    #[error("{}", tr!("At least one event is required"))]
    NoEvent,
    #[error(
        "{}",
        tr!(
            "This password is easy to guess. Choose a longer one, such as four words that have nothing to do with each other"
        )
    )]
    PasswordIsCommon,
    #[error(
        "{}",
        tr!(
            "Password must not contain your email, your organization or the name of this console. Choose another one"
        )
    )]
    PasswordHasName,
    #[error("{}", tr!("Code must be the 6 digits that your app shows, or a recovery code such as ABCDE-FGHJK"))]
    Code,
    #[error("{}", tr!("Bucket Name must follow the S3 rules: 3 to 63 lower-case letters, digits, dots or hyphens"))]
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
