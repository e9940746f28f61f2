//! What the server has drawn of a view whose code comes later: readers see it from the first paint on.

use leptos::html::ElementType;
use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::html::node_ref::NodeRefContainer;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::CastFrom;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState, Render, RenderHtml};
use web_sys::Element;

/// One element, which the server draws and the browser leaves as it finds it. What replaces it removes it from the document.
pub struct ServerDrawn<E: ElementType> {
    /// `None` in the browser.
    pub view: Option<AnyView>,
    /// Is set in the browser; empty in a view that the server has not drawn.
    pub element: NodeRef<E>,
}

impl<E: ElementType> Render for ServerDrawn<E> {
    type State = Option<Element>;

    fn build(self) -> Self::State {
        None
    }

    fn rebuild(self, _state: &mut Self::State) {}
}

/// Attributes are not passed on.
impl<E: ElementType + 'static> AddAnyAttr for ServerDrawn<E>
where
    NodeRef<E>: NodeRefContainer<E>,
{
    type Output<NewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Self::Output<NewAttr> {
        self
    }
}

impl<E: ElementType + 'static> RenderHtml for ServerDrawn<E>
where
    NodeRef<E>: NodeRefContainer<E>,
{
    type AsyncOutput = Self;
    type Owned = Self;
    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, buf: &mut String, position: &mut Position, escape: bool, mark_branches: bool, attrs: Vec<AnyAttribute>) {
        if let Some(view) = self.view {
            view.to_html_with_buf(buf, position, escape, mark_branches, attrs);
        }
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        match position.get() {
            Position::FirstChild => cursor.child(),
            Position::Current => {}
            _ => cursor.sibling(),
        }
        position.set(Position::NextChild);
        let element = Element::cast_from(cursor.current());
        if let Some(element) = &element {
            self.element.load(element);
        }
        element
    }

    fn into_owned(self) -> Self::Owned {
        self
    }
}
