//! Users, managed by whoever has a shell on the machine.

use clap::Subcommand;
use model::{
    names::OrganizationName,
    people::{Email, Role},
    rule::RuleError,
};
use services::Services;

use super::{CliError, password};
use crate::terminal::say;

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user; the password is read from standard input
    Add {
        #[arg(value_parser = email)]
        email: Email,
        /// The organization's name
        #[arg(long, value_parser = OrganizationName::parse)]
        organization: OrganizationName,
        /// User, Manager or Partner
        #[arg(long, default_value = "User")]
        role: Role,
    },
    /// Set a user's password, read from standard input, and end the user's sessions
    SetPassword {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Take the second factor of a user who has lost it, and end the user's sessions
    ResetSecondFactor {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// List all users
    List,
}

fn email(text: &str) -> Result<Email, RuleError> {
    Email::parse(&text.to_lowercase())
}

impl UserCommand {
    pub async fn run(self, services: &Services) -> Result<(), CliError> {
        match self {
            Self::Add { email, organization, role } => {
                let password = password::read_new()?;
                services::users::add(services, &organization, &email, role, &password).await?;
                say(format!("Added {email}, {role} of {organization}."));
            }
            Self::SetPassword { email } => {
                services::users::set_password(services, &email, &password::read_new()?).await?;
                say(format!("The password of {email} is set, and its sessions are ended."));
            }
            Self::ResetSecondFactor { email } => {
                services::users::reset_second_factor_of(services, &email).await?;
                say(format!("The second factor of {email} is gone, and its sessions are ended."));
            }
            Self::List => {
                for line in services::users::list_all(services).await? {
                    say(format!("{}\t{}\t{}", line.email, line.role, line.organization));
                }
            }
        }
        Ok(())
    }
}
