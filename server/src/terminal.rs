//! What a command and whoever called it tell each other: lines, and signals to stop.

use std::{
    fmt::Display,
    future::Future,
    io::{self, Write},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A line for whoever called the program. A reader that has gone is no reason to stop: a server would end because a
/// supervisor closed the pipe.
pub fn say(line: impl Display) {
    let mut output = io::stdout();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        tracing::debug!(%error, "nobody reads standard output");
    }
}

/// Done at the first SIGTERM or SIGINT. The signals are caught from the call on, so none is missed during start-up.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let [mut terminate, mut interrupt]: [Signal; 2] =
        [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
