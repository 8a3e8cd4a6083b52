//! What is known of a repository, and what may be asked for.

use leptos::prelude::*;
use model::{ids::ProjectId, maintenance::RepositoryState, size};

use crate::{
    api::maintenance::{PruneRepository, VerifyRepository},
    components::{
        action_button::ActionButton,
        facts::Fact,
        form::Form,
        phase::Badge,
        submit::Submit,
        tick::Tick,
        time::{MaybeTime, or_none},
    },
    pages::backup_fields::VersionsNote,
};

#[component]
pub fn StatePanel(id: ProjectId, state: RepositoryState, may_manage: bool) -> impl IntoView {
    let (weeks, health) = (state.weeks, state.health);
    let added = size::bytes(state.waiting_added);
    let waiting = (state.waiting > 0).then(|| {
        tr!("{n} backup, which added {added}" | "{n} backups, which added {added}" % state.waiting, added = added)
    });
    let noncurrent = state.keeps_versions.then(|| {
        view! { <Fact term=tr!("Deleted, kept as versions")>{or_none(state.noncurrent.map(size::bytes))}</Fact> }
    });
    let versions = state.keeps_versions.then(|| view! { <VersionsNote/> });
    let actions = may_manage.then(|| view! { <Actions id=id weeks=weeks/> });
    view! {
        <section class="panel" aria-labelledby="repository-state">
            <h2 id="repository-state">{tr!("State")}</h2>
            <dl class="facts">
                <Fact term=tr!("Verification")>
                    <Badge look=health/>
                </Fact>
                <Fact term=tr!("Last Verified")>
                    <MaybeTime at=state.verified/>
                </Fact>
                <Fact term=tr!("Next Verification")>
                    <MaybeTime at=state.verify_due/>
                </Fact>
                <Fact term=tr!("Stored")>{or_none(state.stored.map(size::bytes))}</Fact>
                <Fact term=tr!("Reclaimable")>{or_none(state.unused.map(size::bytes))}</Fact>
                {noncurrent}
                <Fact term=tr!("Waits To Be Removed")>{or_none(waiting)}</Fact>
                <Fact term=tr!("Last Cleaned Up")>
                    <MaybeTime at=state.pruned/>
                </Fact>
                <Fact term=tr!("Next Clean-Up")>
                    <MaybeTime at=state.prune_due/>
                </Fact>
            </dl>
            {versions}
            {actions}
        </section>
    }
}

#[component]
fn Actions(id: ProjectId, weeks: u32) -> impl IntoView {
    let project = || vec![("project", id.to_string())];
    let rhythm = tr!("Every week all data is read, decrypted and compared with what was written."
        | "Every week a part of the data is read, decrypted and compared with what was written: all of it within {n} weeks."
            % weeks);
    view! {
        <p>
            {rhythm}
            " "
            {tr!("What no backup needs any more is removed within two days. Backups never wait for long: cleaning up lets them go first.")}
        </p>
        <Form<VerifyRepository> hidden=project()>
            <Tick name="whole" label=tr!("Read all data") hint=tr!("Takes as long as a full restore.")/>
            <div class="form-footer">
                <Submit label=tr!("Verify Now") pending=tr!("Queueing…")/>
            </div>
        </Form<VerifyRepository>>
        <ActionButton<PruneRepository> hidden=project() label=tr!("Clean Up Now") pending=tr!("Queueing…") class="button"/>
    }
}
