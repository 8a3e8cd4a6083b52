//! Why nobody was signed in with the provider.

/// How long, in minutes, a person may stay with the provider.
pub const TIMEOUT: i64 = 10;

/// Why nobody was signed in. The words are for the person; what the provider said is in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    #[error(
        "{}",
        tr!("This sign-in was not begun in this browser, or it took longer than {} minutes. Try again", TIMEOUT)
    )]
    NotBegun,
    #[error("{}", tr!("The sign-in provider did not let you in. Try again, or ask who runs it"))]
    Refused,
    #[error("{}", tr!("The sign-in provider cannot be reached. Try again later, or sign in with your password"))]
    Unreachable,
    #[error(
        "{}",
        tr!(
            "The answer of the sign-in provider could not be verified. Try again; if it stays, ask the operator to look into the log"
        )
    )]
    Distrusted,
    #[error("{}", tr!("The sign-in provider has not verified your email address. Have it verified there first"))]
    EmailNotVerified,
    #[error("{}", tr!("There is no user with your email address. Ask a Manager or Partner to invite you"))]
    Unknown,
    #[error("{}", tr!("The sign-in provider gives you no role here. Ask who runs it, or the operator"))]
    NoRole,
    #[error(
        "{}",
        tr!(
            "The sign-in provider gives you a role in another organization than yours. A Partner can remove you from yours first"
        )
    )]
    OtherOrganization,
    #[error(
        "{}",
        tr!(
            "The user with your email address belongs to somebody else at the sign-in provider. Ask a Manager or Partner to remove that user first"
        )
    )]
    SomebodyElse,
    #[error("{}", tr!("You signed in twice in the same moment. Try again"))]
    AtOnce,
}
