//! A service's own words in ours.

/// A code and its message, which some services leave out.
pub(super) fn said(code: &str, message: &str) -> String {
    match message.trim().trim_end_matches('.') {
        "" => code.to_owned(),
        message => format!("{code}: {message}"),
    }
}

/// What to do about a refusal, as a sentence. The codes are S3's
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
pub(super) fn advice(code: &str) -> String {
    match code {
        "InvalidArgument" | "InvalidRequest" | "MalformedXML" => {
            tr!(
                "It does not take a part of the request: check the bucket's name and the options, or ask the operator of the S3 service what it does not take."
            )
        }
        "MethodNotAllowed" => {
            tr!(
                "It does not offer this operation: check that the endpoint is the service's S3 interface, or ask the operator of the S3 service to allow it."
            )
        }
        "NotImplemented" => {
            tr!("It does not know this operation: ask the operator of the S3 service, or use another one.")
        }
        "InvalidBucketName" => tr!("Choose another name for the bucket."),
        "TooManyBuckets" => {
            tr!(
                "The account has as many buckets as it may have: use an existing bucket, remove one, or ask the operator of the S3 service for more."
            )
        }
        "OperationAborted" => tr!("Another operation on the bucket is going on: try again in a few minutes."),
        "InvalidObjectState" => tr!("The object is in an archive: have the operator of the bucket bring it back."),
        _ => tr!("Ask the operator of the S3 service what this code means."),
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn without_a_message_there_is_no_colon() {
        for message in ["", " ", "."] {
            assert_eq!(said("InvalidArgument", message), "InvalidArgument");
        }
        assert_eq!(said("InvalidRequest", "Not so."), "InvalidRequest: Not so");
    }
}
