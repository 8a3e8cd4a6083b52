//! Recovery codes, for whoever has lost the app. They are kept as passwords are: ASVS 6.5.2 wants it of codes with less
//! than 112 bits, and nobody types longer ones from paper.

use model::{names::Hidden, second_factor::RECOVERY_CODES};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

use crate::{
    codes,
    context::{Place, Services},
    entity::recovery_code,
    error::ServiceError,
    passwords,
};

/// Ten letters and digits: 49 bits.
const GROUPS: usize = 2;

pub fn new_codes() -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| codes::readable(GROUPS)).collect()
}

/// Their hashes, without the hyphens. One after the other, so that one person takes one turn at a time.
pub async fn hash_all(services: &Services, codes: Vec<Hidden>) -> Result<Vec<String>, ServiceError> {
    let place = passwords::enter_trusted(services)?;
    let mut hashes = Vec::with_capacity(codes.len());
    for code in codes {
        hashes.push(passwords::hash(&place, Hidden::new(code.expose().replace('-', ""))).await?);
    }
    Ok(hashes)
}

/// Puts these in the place of those from before.
pub async fn replace(db: &impl ConnectionTrait, user: i64, hashes: Vec<String>) -> Result<(), DbErr> {
    let own = recovery_code::Column::SecondFactorId.eq(user);
    recovery_code::Entity::delete_many().filter(own).exec(db).await?;
    let row =
        |hash| recovery_code::ActiveModel { second_factor_id: Set(user), code_hash: Set(hash), ..Default::default() };
    recovery_code::Entity::insert_many(hashes.into_iter().map(row)).exec_without_returning(db).await?;
    Ok(())
}

/// Uses a code up, and tells how many are left. `None` where there is no such code, or no longer.
pub async fn spend(
    db: &impl ConnectionTrait,
    place: &Place,
    user: i64,
    typed: &Hidden,
) -> Result<Option<u64>, ServiceError> {
    let own = || recovery_code::Entity::find().filter(recovery_code::Column::SecondFactorId.eq(user));
    for row in own().all(db).await? {
        if passwords::verify(place, typed.clone(), Some(row.code_hash)).await? {
            // Of two at once with the same code one finds it gone.
            let used = recovery_code::Entity::delete_by_id(row.id).exec(db).await?;
            return Ok(if used.rows_affected > 0 { Some(own().count(db).await?) } else { None });
        }
    }
    Ok(None)
}
