//! Users as the sign-in provider knows them: found, made, and given the role that it says.

use model::{
    ids::{AccountId, OrganizationId, UserId},
    people::{Email, Role},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
};
use serde_json::{Value, json};

use super::{ROLE_CHANGED, USER_ADDED, insert, keep_a_partner, record};
use crate::{
    account,
    acting::Acting,
    audit::{Author, Deed},
    context::Services,
    database,
    entity::{identity, organization, users},
    error::ServiceError,
    provider::{Identified, OpenIdError, OpenIdSettings},
    session_rows,
};

const IDENTITY_LINKED: Deed = Deed::new("user linked with the sign-in provider");

/// Characters of a subject (OpenID Connect Core 1.0, section 2).
const LONGEST_SUBJECT: usize = 255;

/// A role in an organization, as the claim gives it.
struct Place {
    role: Role,
    organization: organization::Model,
}

/// Somebody who comes from the provider, and what may be written for them.
struct Arrival<'a, C> {
    services: &'a Services,
    db: &'a C,
    address: &'a str,
}

/// The user whom the provider vouches for: who is linked with its subject, or else who has the email that it has
/// verified, and is linked from then on.
///
/// Where the claim decides, a user is made where there is none, and the role is taken over where it differs, which ends
/// the user's sessions. The organization never changes, and one of another account is out of the claim's reach.
pub(crate) async fn by_identity(
    services: &Services,
    settings: &OpenIdSettings,
    identified: &Identified,
    address: String,
) -> Result<Acting, ServiceError> {
    let subject = &identified.subject;
    if subject.is_empty() || subject.chars().count() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
        return Err(OpenIdError::Distrusted.into());
    }
    let tx = services.write().await?;
    let arrival = Arrival { services, db: &tx, address: &address };
    let places = places(&tx, settings, identified).await?;
    let user = match linked(&tx, settings, identified).await? {
        Some(user) => user,
        None => arrival.newly_linked(settings, identified, &places).await?,
    };
    let (user, has_another_role) =
        if settings.grants.is_empty() { (user, false) } else { arrival.with_role(user, &places).await? };
    let actor = session_rows::actor(&tx, user.id).await?;
    tx.commit().await?;
    if has_another_role {
        services.live().session_ended();
    }
    Ok(Acting { actor, address })
}

/// What the claim gives, in the order of the settings: in organizations of the installation's own account alone.
async fn places(
    db: &impl ConnectionTrait,
    settings: &OpenIdSettings,
    identified: &Identified,
) -> Result<Vec<Place>, ServiceError> {
    let Some(account) = account::installed(db).await? else { return Ok(Vec::new()) };
    let mut places = Vec::new();
    for grant in settings.grants.iter().filter(|grant| identified.values.contains(&grant.value)) {
        let organization = organization::Entity::find()
            .filter(organization::Column::AccountId.eq(account.0))
            .filter(organization::Column::NameKey.eq(grant.organization.as_str().to_lowercase()))
            .one(db)
            .await?;
        if let Some(organization) = organization {
            places.push(Place { role: grant.role, organization });
        } else {
            tracing::warn!(organization = %grant.organization, "HOLDFAST_OIDC_ROLES names no organization");
        }
    }
    if places.is_empty() && !settings.grants.is_empty() {
        return Err(OpenIdError::NoRole.into());
    }
    Ok(places)
}

async fn linked(
    db: &impl ConnectionTrait,
    settings: &OpenIdSettings,
    identified: &Identified,
) -> Result<Option<users::Model>, DbErr> {
    let key = (settings.issuer.as_str().to_owned(), identified.subject.clone());
    let found = identity::Entity::find_by_id(key).find_also_related(users::Entity).one(db).await?;
    Ok(found.and_then(|(_, user)| user))
}

impl<C: ConnectionTrait> Arrival<'_, C> {
    /// The user with the verified email, made where the claim says so.
    async fn newly_linked(
        &self,
        settings: &OpenIdSettings,
        identified: &Identified,
        places: &[Place],
    ) -> Result<users::Model, ServiceError> {
        let email = identified.verified_email.as_deref().ok_or(OpenIdError::EmailNotVerified)?;
        let email = Email::parse(&email.to_lowercase()).map_err(|_| OpenIdError::EmailNotVerified)?;
        let user = match users::Entity::find().filter(users::Column::Email.eq(email.as_str())).one(self.db).await? {
            Some(user) => user,
            None => self.added(&email, places).await?,
        };
        let link = identity::ActiveModel {
            issuer: Set(settings.issuer.as_str().to_owned()),
            subject: Set(identified.subject.clone()),
            user_id: Set(user.id),
            linked_at: Set(self.services.clock().now()),
        };
        once(identity::Entity::insert(link).exec_without_returning(self.db).await, OpenIdError::SomebodyElse)?;
        let changes = json!({ "provider": [null, settings.issuer.as_str()], "subject": [null, identified.subject] });
        self.tell(IDENTITY_LINKED, &user, changes).await?;
        Ok(user)
    }

    /// A user without a password, in the first place that the claim gives.
    async fn added(&self, email: &Email, places: &[Place]) -> Result<users::Model, ServiceError> {
        let Place { role, organization } = places.first().ok_or(OpenIdError::Unknown)?;
        let (home, now) = (OrganizationId(organization.id), self.services.clock().now());
        let added = insert(self.db, home, email, *role, String::new(), now).await;
        let id = once(added, OpenIdError::AtOnce)?;
        let user = users::Entity::find_by_id(id.0).one(self.db).await?.ok_or(ServiceError::NotFound)?;
        self.tell(USER_ADDED, &user, json!({ "role": [null, role] })).await?;
        Ok(user)
    }

    /// The user with the role that the claim gives in the user's organization, and whether it is another one.
    async fn with_role(&self, user: users::Model, places: &[Place]) -> Result<(users::Model, bool), ServiceError> {
        let place = places.iter().find(|place| place.organization.id == user.organization_id);
        let Place { role, organization } = place.ok_or(OpenIdError::OtherOrganization)?;
        if user.role == role.as_str() {
            return Ok((user, false));
        }
        if *role != Role::Partner {
            keep_a_partner(self.db, &user, organization).await?;
        }
        let before = user.role.clone();
        let mut change = user.into_active_model();
        change.role = Set(role.as_str().to_owned());
        let user = change.update(self.db).await?;
        session_rows::end_all(self.db, UserId(user.id)).await?;
        self.tell(ROLE_CHANGED, &user, json!({ "role": [before, role] })).await?;
        Ok((user, true))
    }

    async fn tell(&self, deed: Deed, user: &users::Model, changes: Value) -> Result<(), ServiceError> {
        let home = organization::Entity::find_by_id(user.organization_id).one(self.db).await?;
        let account = AccountId(home.ok_or(ServiceError::NotFound)?.account_id);
        let author = Author::provider(account, self.address);
        Ok(record(self.db, author, self.services.clock().now(), deed, user, changes).await?)
    }
}

/// What was written, unless it was there already.
fn once<T>(written: Result<T, DbErr>, otherwise: OpenIdError) -> Result<T, ServiceError> {
    match written {
        Err(error) if database::is_unique_violation(&error) => Err(otherwise.into()),
        written => Ok(written?),
    }
}
