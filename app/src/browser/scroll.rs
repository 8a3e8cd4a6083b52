//! Steps back and forward lead to where one was on a page. A browser does so by itself only where the page is there at
//! once.

use std::{collections::HashMap, time::Duration};

use leptos::{
    ev::{popstate, scroll},
    prelude::*,
};

use super::document::here;

/// How long a page may take until it is long enough, and how often it is looked at.
const WAIT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);

type Positions = StoredValue<HashMap<String, f64>>;

/// Remembers how far each page is scrolled, and goes there again after a step in the history.
pub fn restore() {
    Effect::new(move |_| {
        let positions: Positions = StoredValue::new(HashMap::new());
        let returning = StoredValue::new(false);
        let note = window_event_listener(scroll, move |_| {
            if !returning.get_value() {
                positions.update_value(|positions| {
                    positions.insert(here(), window().scroll_y().unwrap_or_default());
                });
            }
        });
        let back = window_event_listener(popstate, move |_| {
            if let Some(position) = positions.with_value(|positions| positions.get(&here()).copied()) {
                returning.set_value(true);
                go(position, returning, WAIT.as_millis() / LOOK.as_millis());
            }
        });
        on_cleanup(move || {
            note.remove();
            back.remove();
        });
    });
}

fn go(position: f64, returning: StoredValue<bool>, times: u128) {
    window().scroll_to_with_x_and_y(0.0, position);
    let there = window().scroll_y().is_ok_and(|now| (now - position).abs() < 1.0);
    if times == 0 || (there && times < 10) {
        returning.set_value(false);
    } else {
        set_timeout(move || go(position, returning, times - 1), LOOK);
    }
}
