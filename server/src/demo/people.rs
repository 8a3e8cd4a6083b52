//! One person for each role.

use model::people::Role;

pub struct Person {
    pub role: Role,
    pub email: &'static str,
}

pub const PARTNER: Person = Person { role: Role::Partner, email: "partner@example.com" };
pub const MANAGER: Person = Person { role: Role::Manager, email: "manager@example.com" };
pub const USER: Person = Person { role: Role::User, email: "user@example.com" };

pub const PEOPLE: [Person; 3] = [PARTNER, MANAGER, USER];
