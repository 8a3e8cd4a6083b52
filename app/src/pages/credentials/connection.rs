//! How a service is connected to, for the few where the endpoint alone does not say it.

use leptos::prelude::*;
use model::credential::Addressing;

use crate::components::{
    form_state::FormState,
    select::{Choice, Select},
    textarea::TextArea,
};

#[component]
pub fn ConnectionFields(
    /// What is set already.
    #[prop(optional)]
    addressing: Addressing,
    /// The same; empty: none.
    #[prop(optional)]
    ca_certificate: String,
) -> impl IntoView {
    let state = expect_context::<FormState>();
    let set = addressing != Addressing::Automatic || !ca_certificate.is_empty();
    // Folded until it is set or wrong; from then on it stays open while it is put right.
    let wrong = move || ["addressing", "ca_certificate"].iter().any(|field| state.message(field).is_some());
    let open = Memo::new(move |was: Option<&bool>| set || was == Some(&true) || wrong());
    let choices = Addressing::ALL.map(|addressing| {
        let title = addressing.title();
        Choice::new(addressing.as_str(), tr!(title))
    });
    view! {
        <details class="more-fields" open=move || open.get()>
            <summary>{tr!("Addressing and CA certificate")}</summary>
            <div class="fields">
                <Select
                    name="addressing"
                    label=tr!("Addressing")
                    groups=vec![choices.to_vec().into()]
                    value=addressing.as_str()
                    hint=tr!("Where requests name the bucket. Automatic does what the service asks for.")
                />
                <TextArea
                    name="ca_certificate"
                    label=tr!("CA Certificate")
                    value=ca_certificate
                    hint=tr!("Of a private authority that signed the service's certificate, in PEM format. It is trusted beside the public ones, for this credential alone.")
                    rows="4"
                />
            </div>
        </details>
    }
}
