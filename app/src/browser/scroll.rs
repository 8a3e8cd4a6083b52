//! Steps back and forward lead to where one was on a page. A browser does so by itself only where the page is there at
//! once.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};

use leptos::{
    ev::{keydown, pointerdown, popstate, scroll, touchstart, wheel},
    prelude::*,
};

use super::document::here;

/// How long after a step a page may change its height, and how often it is put right meanwhile.
const WAIT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);

/// Remembers how far each page is scrolled, and goes there again after a step in the history: while the page is drawn,
/// and no longer than until the person scrolls, presses or types.
pub fn restore() {
    Effect::new(move |_| {
        let positions: Rc<RefCell<HashMap<String, f64>>> = Rc::default();
        let returning = Rc::new(Returning::default());
        let (noted, held) = (positions.clone(), returning.clone());
        let note = window_event_listener(scroll, move |_| {
            if !held.is_held() {
                noted.borrow_mut().insert(here(), window().scroll_y().unwrap_or_default());
            }
        });
        let held = returning.clone();
        let back = window_event_listener(popstate, move |_| match positions.borrow().get(&here()) {
            Some(position) => held.clone().hold(*position),
            None => held.let_go(),
        });
        let let_go = || {
            let held = returning.clone();
            move || held.let_go()
        };
        let (rolled, touched, pressed, typed) = (let_go(), let_go(), let_go(), let_go());
        let acts = [
            window_event_listener(wheel, move |_| rolled()),
            window_event_listener(touchstart, move |_| touched()),
            window_event_listener(pointerdown, move |_| pressed()),
            window_event_listener(keydown, move |_| typed()),
        ];
        on_cleanup(move || {
            note.remove();
            back.remove();
            acts.into_iter().for_each(WindowListenerHandle::remove);
        });
    });
}

/// Where the page is held, and how often it is still put there.
#[derive(Default)]
struct Returning(Cell<Option<(f64, u128)>>);

impl Returning {
    fn is_held(&self) -> bool {
        self.0.get().is_some()
    }

    fn let_go(&self) {
        self.0.set(None);
    }

    fn hold(self: Rc<Self>, position: f64) {
        let is_held = self.is_held();
        self.0.set(Some((position, WAIT.as_millis() / LOOK.as_millis())));
        if !is_held {
            self.go();
        }
    }

    fn go(self: Rc<Self>) {
        let Some((position, times)) = self.0.get() else { return };
        window().scroll_to_with_x_and_y(0.0, position);
        self.0.set(times.checked_sub(1).map(|times| (position, times)));
        set_timeout(move || self.go(), LOOK);
    }
}
