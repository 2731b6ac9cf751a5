//! A service's state for each application: made on first use, once, however many ask at the same
//! moment; dropped when the application goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OnceCell;

use crate::app::App;

struct Slot<T> {
    app: Weak<App>,
    value: Arc<OnceCell<Arc<T>>>,
}

/// State of type `T` per application.
pub struct PerApp<T> {
    slots: Mutex<HashMap<String, Slot<T>>>,
}

impl<T> Default for PerApp<T> {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }
}

impl<T> PerApp<T> {
    /// Without any state yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of `app`, made by `make` if it has none. Concurrent callers wait for one making;
    /// a failed one is tried again by the next caller.
    ///
    /// # Errors
    /// What `make` returns.
    pub async fn get_or_make<F, E>(&self, app: &Arc<App>, make: F) -> Result<Arc<T>, E>
    where
        F: AsyncFnOnce(Arc<App>) -> Result<T, E>,
    {
        let cell = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let slot = slots.entry(app.reference.as_str().to_owned());
            let slot = slot.or_insert_with(|| fresh(app));
            // A deleted application of the same name, or changed keys: its state starts anew.
            if !std::ptr::eq(slot.app.as_ptr(), Arc::as_ptr(app)) {
                *slot = fresh(app);
            }
            slot.value.clone()
        };
        cell.get_or_try_init(async || make(app.clone()).await.map(Arc::new))
            .await
            .cloned()
    }

    /// The state of `app`, if it has been made.
    pub fn get(&self, app: &Arc<App>) -> Option<Arc<T>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get(app.reference.as_str())?;
        if std::ptr::eq(slot.app.as_ptr(), Arc::as_ptr(app)) {
            slot.value.get().cloned()
        } else {
            None
        }
    }

    /// Drops the state of the application `reference`.
    pub fn remove(&self, reference: &str) {
        self.slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(reference);
    }
}

fn fresh<T>(app: &Arc<App>) -> Slot<T> {
    Slot {
        app: Arc::downgrade(app),
        value: Arc::new(OnceCell::new()),
    }
}
