//! How the storage service keeps what is written, for the few who decide that for themselves.

use leptos::prelude::*;
use model::project::{Encryption, ObjectOptions, StorageClass};

use crate::components::{
    field::{Field, Kind},
    form_state::FormState,
    select::{Choice, Select},
};

#[component]
pub fn ObjectFields(
    /// What is set already.
    objects: ObjectOptions,
) -> impl IntoView {
    const FIELDS: [&str; 3] = ["backup.storage_class", "backup.encryption", "backup.kms_key"];
    let state = expect_context::<FormState>();
    let set = objects != ObjectOptions::default();
    // Folded until it is set or wrong.
    let open = set || FIELDS.iter().any(|field| state.message(field).is_some());
    let classes = StorageClass::ALL.map(|class| {
        let title = class.title();
        Choice::new(class.as_str(), tr!(title))
    });
    let classes: Vec<_> = std::iter::once(Choice::new("", tr!("The bucket's own"))).chain(classes).collect();
    let class = objects.storage_class.map(StorageClass::as_str).unwrap_or_default();
    view! {
        <details class="more-fields" open=open>
            <summary>{tr!("Storage class and server-side encryption")}</summary>
            <div class="fields">
                <Select
                    name="backup.storage_class"
                    label=tr!("Storage Class")
                    groups=vec![classes.into()]
                    value=class
                    hint=tr!("For what is written from now on. Indexes and folders stay in the bucket's own class, since every backup reads them.")
                />
                <EncryptionFields encryption=objects.encryption/>
            </div>
        </details>
    }
}

#[component]
fn EncryptionFields(encryption: Option<Encryption>) -> impl IntoView {
    let choices = vec![
        Choice::new("", tr!("As the bucket is set up")),
        Choice::new(Encryption::SSE_S3, tr!("With the service's keys (SSE-S3)")),
        Choice::new(Encryption::SSE_KMS, tr!("With a key of KMS (SSE-KMS)")),
    ];
    let kind = encryption.as_ref().map(Encryption::as_str).unwrap_or_default();
    let key = encryption.as_ref().and_then(Encryption::key).map(ToString::to_string).unwrap_or_default();
    view! {
        <div class="reveal reveal-select">
            <Select
                name="backup.encryption"
                label=tr!("Server-Side Encryption")
                groups=vec![choices.into()]
                value=kind
                hint=tr!("On top of Holdfast's own encryption, where a rule asks for it.")
            />
            <div class="revealed">
                <Field
                    name="backup.kms_key"
                    label=tr!("KMS Key")
                    kind=Kind::Code
                    value=key
                    hint=tr!("Optional: its id, ARN or alias. Without one, the account's default key for S3 is used.")
                />
            </div>
        </div>
    }
}
