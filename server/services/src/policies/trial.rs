//! Trying a policy's patterns on the source while they are typed.

use std::{path::Path, time::Duration};

use engine::{DirectoryMatches, PatternMatches};
use model::{
    ids::{OrganizationId, ProjectId},
    pattern::{EVERYTHING, Patterns},
    permission::Action,
    policy::{PatternTrial, TrialAmount, TrialExtent, TriedPattern},
    project::{DirectoryPath, Source},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{acting::Acting, context::Services, entity::project, error::ServiceError, projects, source_roots, sources};

/// Names of a directory that are looked at, and for how long.
const MOST_NAMES: usize = 200_000;
const LONGEST: Duration = Duration::from_secs(5);
/// How long a form waits, also for a file system that does not answer.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Directories that this process looks at at the same time. One that does not answer keeps its place until it does.
static PLACES: Semaphore = Semaphore::const_new(4);

/// What patterns, one a line as the form has them, match in the project's source as it is now. Takes 10 seconds at most,
/// and looks at 200,000 names of a directory and for 5 seconds.
///
/// # Errors
/// At `include` or `exclude` where a pattern is not in order, and why the source cannot be asked.
pub async fn try_patterns(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    include: &str,
    exclude: &str,
) -> Result<PatternTrial, ServiceError> {
    let (project, _) = projects::find(acting, services.db(), Action::ManageProjects, project).await?;
    let patterns = Tried {
        include: Patterns::parse_include(include).map_err(|error| ServiceError::at("include", error))?,
        exclude: Patterns::parse_exclude(exclude).map_err(|error| ServiceError::at("exclude", error))?,
    };
    match sources::of(&project)? {
        Source::Postgres(_) => {
            let database = sources::database(services, &project)?;
            let matches = database.matches(patterns.include.as_slice(), patterns.exclude.as_slice()).await?;
            Ok(patterns.of_database(&matches))
        }
        Source::Directory(_) if !projects::is_here(services, project.node.as_deref()) => {
            Ok(patterns.unlooked(TrialExtent::Elsewhere))
        }
        Source::Directory(directory) => of_directory(services, &project, &directory, patterns).await,
    }
}

async fn of_directory(
    services: &Services,
    project: &project::Model,
    directory: &DirectoryPath,
    patterns: Tried,
) -> Result<PatternTrial, ServiceError> {
    let roots = source_roots::of(services, OrganizationId(project.organization_id)).await?;
    let (path, tried, stop) = (directory.clone(), patterns.clone(), CancellationToken::new());
    // Whoever goes on typing asks anew, and waits for this one no longer.
    let _stop_when_dropped = stop.clone().drop_guard();
    let looked = timeout(TIMEOUT, async {
        let place = PLACES.acquire().await.ok()?;
        let look = move || {
            let _place = place;
            let source = roots.directory(Path::new(path.as_str()))?;
            let (include, exclude) = (tried.include.as_slice(), tried.exclude.as_slice());
            Ok::<_, ServiceError>(source.matches(include, exclude, MOST_NAMES, LONGEST, stop)?)
        };
        spawn_blocking(look).await.ok()
    });
    Ok(match looked.await {
        Ok(Some(matches)) => patterns.of_directory(&matches?),
        Ok(None) | Err(_) => patterns.unlooked(TrialExtent::NoAnswer),
    })
}

/// The patterns that are tried.
#[derive(Clone)]
struct Tried {
    include: Patterns,
    exclude: Patterns,
}

impl Tried {
    fn of_database(&self, matches: &PatternMatches) -> PatternTrial {
        let amount = TrialAmount::Tables { tables: matches.tables };
        self.trial(amount, TrialExtent::Whole, (&matches.unmatched_include, &matches.unmatched_exclude))
    }

    fn of_directory(&self, matches: &DirectoryMatches) -> PatternTrial {
        let amount = TrialAmount::Files { files: matches.files, bytes: matches.bytes };
        let extent = if matches.stopped_early { TrialExtent::Part } else { TrialExtent::Whole };
        self.trial(amount, extent, (&matches.unmatched_include, &matches.unmatched_exclude))
    }

    /// Where nothing of a directory was looked at.
    fn unlooked(&self, extent: TrialExtent) -> PatternTrial {
        self.trial(TrialAmount::Files { files: 0, bytes: 0 }, extent, (&[], &[]))
    }

    /// `unmatched`: patterns of Include and of Exclude that have matched nothing in what was looked at.
    fn trial(&self, amount: TrialAmount, extent: TrialExtent, unmatched: (&[String], &[String])) -> PatternTrial {
        let tried = |pattern: &String, unmatched: &[String]| {
            let matches = match (extent, unmatched.contains(pattern)) {
                (TrialExtent::Whole, unmatched) => Some(!unmatched),
                (TrialExtent::Part, false) => Some(true),
                (TrialExtent::Part | TrialExtent::NoAnswer | TrialExtent::Elsewhere, _) => None,
            };
            TriedPattern { pattern: pattern.clone(), matches }
        };
        let include = self.include.as_slice().iter().filter(|pattern| *pattern != EVERYTHING);
        PatternTrial {
            include: include.map(|pattern| tried(pattern, unmatched.0)).collect(),
            exclude: self.exclude.as_slice().iter().map(|pattern| tried(pattern, unmatched.1)).collect(),
            amount,
            extent,
        }
    }
}

#[cfg(test)]
mod tests;
