//! Views that exist in the browser only: what a reader opens. The server writes nothing of them, so that the page has no code to hydrate
//! them, which is the larger part of the code of a view.

use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState, Render, RenderHtml};

/// A view that is not in the page's document when it arrives.
pub struct InBrowser<T>(pub T);

impl<T: Render> Render for InBrowser<T> {
    type State = T::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

/// Attributes are not passed on.
impl<T: Render + Send + 'static> AddAnyAttr for InBrowser<T> {
    type Output<NewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Self::Output<NewAttr> {
        self
    }
}

impl<T: Render + Send + 'static> RenderHtml for InBrowser<T> {
    type AsyncOutput = Self;
    type Owned = Self;
    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, _buf: &mut String, _position: &mut Position, _escape: bool, _mark_branches: bool, _attrs: Vec<AnyAttribute>) {
    }

    fn hydrate<const FROM_SERVER: bool>(self, _cursor: &Cursor, _position: &PositionState) -> Self::State {
        self.0.build()
    }

    fn into_owned(self) -> Self {
        self
    }
}
