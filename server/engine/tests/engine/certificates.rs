//! Services whose certificates are not everybody's.

use engine::{CaCertificate, CertificateFault, KeyCheck, S3, S3Access, S3Error, Unreachable};

use crate::support::{World, access, loopback, servers};

const AUTHORITY: &str = include_str!("support/certificates/authority.pem");
const RIGHT: &str = include_str!("support/certificates/right.pem");
const OTHER_NAME: &str = include_str!("support/certificates/other-name.pem");
const EXPIRED: &str = include_str!("support/certificates/expired.pem");

async fn check(world: &World, pem: &str, authority: Option<&str>) -> Result<KeyCheck, S3Error> {
    let endpoint = servers::encrypted(pem, &world.server.endpoint()).await;
    let ca_certificate = authority.map(|pem| pem.parse::<CaCertificate>().unwrap());
    S3::connect(&S3Access { ca_certificate, ..access(endpoint) }, &loopback()).check_keys().await
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_apart() {
    let world = World::start().await;
    for (pem, authority, fault) in [
        (RIGHT, None, CertificateFault::UnknownAuthority),
        (OTHER_NAME, Some(AUTHORITY), CertificateFault::OtherName),
        (EXPIRED, Some(AUTHORITY), CertificateFault::Expired),
    ] {
        let error = check(&world, pem, authority).await.unwrap_err();
        println!("{error}");
        assert_eq!(error, Unreachable::Certificate(fault).into());
    }
}

#[tokio::test]
async fn an_authority_of_the_credentials_own_is_trusted() {
    let world = World::start().await;
    assert_eq!(check(&world, RIGHT, Some(AUTHORITY)).await.unwrap(), KeyCheck::Valid);
}
