//! Passwords come from standard input, so that they show neither in the list of processes nor in the shell's history.

use std::io::{self, BufRead, IsTerminal};

use model::{names::Hidden, people::Password};

use super::CliError;

/// Asks for a new password: twice and without echo on a terminal, else one line of standard input.
pub fn read_new() -> Result<Password, CliError> {
    let typed = if io::stdin().is_terminal() { ask_twice()? } else { read_line()? };
    Ok(Password::parse(&Hidden::new(typed))?)
}

fn ask_twice() -> Result<String, CliError> {
    let ask = |prompt| rpassword::prompt_password(prompt).map_err(CliError::Password);
    let first = ask("Password: ")?;
    if ask("The same again: ")? == first { Ok(first) } else { Err(CliError::PasswordsDiffer) }
}

fn read_line() -> Result<String, CliError> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(CliError::Password)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
