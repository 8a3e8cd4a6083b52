//! Backup and restore beside the `restic` command: the same files, the same S3 server, in turns, the median of several
//! rounds.
//!
//! Each program runs as a process of its own, Holdfast's engine as this one started again with a role, so that times
//! and memory are those of the work alone. All files are in the page cache before, and nothing waits to be written. The
//! S3 server is the embedded one, a process too.
//!
//! Nothing with many files is deleted before the end: an ext4 that has lost many files in the last minutes looks so long
//! for an inode that it may use again that a restore takes three times as long, whoever does it. `make bench` therefore
//! keeps all files in memory.
//!
//! `HOLDFAST_BENCH_ROUNDS` (5), `HOLDFAST_BENCH_SETS` (`small,mixed,large`), `HOLDFAST_BENCH_FOLDER` (a temporary one;
//! 16 GB are needed, and given back).

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod data;
mod limits;
mod processes;
mod programs;
mod roles;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use self::{
    data::Set,
    processes::{Run, Server},
    programs::{Place, Program},
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const MIB: f64 = 1_048_576.0;

/// The program's own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Outcome {
    if let Some(role) = roles::role() {
        return roles::play(&role);
    }
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.into());
    let rounds: usize = setting("HOLDFAST_BENCH_ROUNDS", "5").parse()?;
    let sets = setting("HOLDFAST_BENCH_SETS", "small,mixed,large");
    let folder = tempfile::tempdir_in(setting("HOLDFAST_BENCH_FOLDER", &std::env::temp_dir().to_string_lossy()))?;
    println!("\nHoldfast beside {}, {rounds} rounds, the median of each", programs::restic_version()?);
    let server = Server::start(folder.path())?;
    for set in data::SETS.iter().filter(|set| sets.split(',').any(|name| name == set.name)) {
        bench(set, folder.path(), &server, rounds)?;
    }
    server.stop()
}

/// What was measured in all rounds, by the work and the program.
#[derive(Default)]
struct Measured {
    runs: BTreeMap<(usize, &'static str), Vec<Run>>,
    stored: BTreeMap<&'static str, Vec<u64>>,
}

/// The rows of the table, and how much of restic's time each may take.
const WORK: [(&str, &str); 4] =
    [("first backup", "0.7"), ("nothing changed", "0.5"), ("5 % changed", "0.6"), ("restore", "0.6")];

fn bench(set: &Set, folder: &Path, server: &Server, rounds: usize) -> Outcome {
    let source = source_of(set, folder);
    let made = (set.make)(&source)?;
    println!("\n{}: {} files, {:.0} MB", set.title, made.files, made.bytes as f64 / 1e6);
    let mut measured = Measured::default();
    for round in 0..rounds {
        one_round(set, folder, server, round, &mut measured)?;
    }
    print(set, &measured);
    limits::print(&source, server, &measured)?;
    data::empty(&source)
}

fn source_of(set: &Set, folder: &Path) -> PathBuf {
    folder.join(format!("source-{}", set.name))
}

fn one_round(set: &Set, folder: &Path, server: &Server, round: usize, measured: &mut Measured) -> Outcome {
    let source = source_of(set, folder);
    let mut programs = Program::BOTH;
    // Whoever comes second may find something warmer.
    if round % 2 == 1 {
        programs.reverse();
    }
    let places = programs.map(|program| Place::new(program, folder, server, &format!("{}-{round}", set.name)));
    for place in &places {
        place.create()?;
    }
    for work in 0..WORK.len() {
        if work == 2 {
            data::change(&source, round)?;
        }
        for place in &places {
            let target = folder.join(format!("restored-{}", place.bucket));
            settle(&source)?;
            let run = if work == 3 { place.restore(&target)? } else { place.backup(&source)? };
            measured.runs.entry((work, place.program.name())).or_default().push(run);
            if work == 0 {
                let stored = data::size(&server.bucket(&place.bucket))?;
                measured.stored.entry(place.program.name()).or_default().push(stored);
            }
            if work == 3 {
                if round == 0 {
                    data::assert_same(&source, &target)?;
                }
                data::empty(&target)?;
            }
        }
    }
    for place in places {
        place.remove(server)?;
    }
    Ok(())
}

/// Nothing left to write, everything in the page cache.
fn settle(source: &Path) -> Outcome {
    std::process::Command::new("sync").status()?;
    data::read(source, |_| ())?;
    Ok(())
}

pub fn median<T: Copy + PartialOrd>(values: &[T]) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    sorted.get(sorted.len() / 2).copied()
}

fn print(set: &Set, measured: &Measured) {
    println!("{:<26} {:>12} {:>12} {:>8} {:>10}", "", "Holdfast", "restic", "ratio", "to reach");
    let [ours, theirs] = Program::BOTH.map(Program::name);
    let figure = |work: usize, name: &'static str, of: &dyn Fn(&Run) -> f64| {
        let runs = measured.runs.get(&(work, name)).map(Vec::as_slice).unwrap_or_default();
        median(&runs.iter().map(of).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    };
    let row = |what: &str, unit: &str, (our, their): (f64, f64), reach: &str| {
        println!("{what:<26} {our:>9.2} {unit:<2} {their:>9.2} {unit:<2} {:>8.2} {reach:>10}", our / their);
    };
    for (work, (what, reach)) in WORK.into_iter().enumerate() {
        let seconds = |run: &Run| run.took.as_secs_f64();
        let reach = if work == 0 { set.first_backup } else { reach };
        row(what, "s", (figure(work, ours, &seconds), figure(work, theirs, &seconds)), reach);
    }
    let stored = |name| {
        let sizes = measured.stored.get(name).map(Vec::as_slice).unwrap_or_default();
        median(sizes).unwrap_or_default() as f64 / 1e6
    };
    row("stored by the first one", "MB", (stored(ours), stored(theirs)), "1.0");
    let peak = |run: &Run| run.peak as f64 / MIB;
    row("peak memory, first backup", "Mi", (figure(0, ours, &peak), figure(0, theirs, &peak)), "1.0");
    row("peak memory, restore", "Mi", (figure(3, ours, &peak), figure(3, theirs, &peak)), "256 Mi");
}

/// How long something took.
pub fn timed<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<(T, Duration)> {
    let began = std::time::Instant::now();
    let done = work()?;
    Ok((done, began.elapsed()))
}
