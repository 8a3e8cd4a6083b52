//! What a server function answered.

use app::api::ApiError;
use axum::{body::to_bytes, response::Response};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use model::form::Done;
use serde::de::DeserializeOwned;

/// The largest outcome that is read: a form's messages, or a sentence and an address.
const OUTCOME_BYTES: usize = 256 * 1024;

/// The answer as it came, or the error that leptos put into it.
pub async fn refused(response: Response) -> Result<Response, ApiError> {
    if response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return Err(read(response).await.unwrap_or_else(|error| error));
    }
    Ok(response)
}

/// What a form's function answers where it did what it is for.
pub async fn done(response: Response) -> Result<Done, ApiError> {
    let response = refused(response).await?;
    if response.status().is_success() { read(response).await } else { Err(ApiError::NotFound) }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    let fault = |error: &(dyn std::error::Error + 'static)| {
        let id = services::fault_id();
        tracing::error!(fault = %id, error, "the answer of a server function could not be read");
        ApiError::Internal { id }
    };
    let bytes = to_bytes(response.into_body(), OUTCOME_BYTES).await.map_err(|error| fault(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| fault(&error))
}
