//! Makes a second cell of one.

use leptos::task::spawn_local;

use super::deferred::RestRequest;
use super::state::{Dashboard, ToastKind};
use crate::protocol::{ApiError, CellId};
use crate::routes;

impl Dashboard {
    /// Adds a cell with the value, the note and the settings of another one behind it, in its section.
    pub fn duplicate(self, id: CellId) {
        let read = RestRequest::get(routes::value(&id));
        let document = self.deferred.call(|server| (server.request)(read));
        spawn_local(async move {
            let copied: Result<_, ApiError> = async move {
                let mut document = document.await?;
                let name = document["name"].as_str().unwrap_or_default().to_owned();
                if let Some(keys) = document.as_object_mut() {
                    keys.remove("_id");
                    keys.insert("name".to_owned(), [&name, " (copy)"].concat().trim_start().into());
                }
                let copy = RestRequest::post(routes::VALUES.to_owned(), &document);
                Ok((name, self.deferred.call(|server| (server.request)(copy)).await?))
            }
            .await;
            match copied {
                Ok((name, made)) => {
                    let id = made["_id"].as_str().and_then(CellId::parse);
                    let undo = RestRequest::delete(id.map(|id| routes::value(&id)).unwrap_or_default());
                    self.notify(ToastKind::Changed { message: ["Duplicated ‘", &name, "’."].concat(), undo });
                }
                Err(error) => self.notify(ToastKind::Error(error.message)),
            }
        });
    }
}
