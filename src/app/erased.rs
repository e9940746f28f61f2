//! Views without their type. `into_any` of the framework adds code that waits inside of a view, on the server for `Suspense`, and in the
//! browser for routes that are loaded lazily. This page has neither: it is drawn at once and hydrated at once.

use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Position, PositionState};

/// Makes a view without its type.
pub trait Erase {
    fn erase(self) -> AnyView;

    /// For views of a later part of the code. The browser builds them, also where the server has drawn them: code that hydrates them would be
    /// the larger part of theirs, and is left out.
    fn erase_built(self) -> AnyView;
}

impl<T: RenderHtml + 'static> Erase for T {
    fn erase(self) -> AnyView {
        AtOnce::<T, true>(self).into_any()
    }

    fn erase_built(self) -> AnyView {
        AtOnce::<T, false>(self).into_any()
    }
}

/// The view itself, without anything to wait for; with the trait's own `hydrate_async`, which calls `hydrate`.
struct AtOnce<T, const HYDRATES: bool>(T);

impl<T: Render, const HYDRATES: bool> Render for AtOnce<T, HYDRATES> {
    type State = T::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<T: RenderHtml, const HYDRATES: bool> AddAnyAttr for AtOnce<T, HYDRATES> {
    type Output<NewAttr: Attribute> = AtOnce<T::Output<NewAttr>, HYDRATES>;

    fn add_any_attr<NewAttr: Attribute>(self, attr: NewAttr) -> Self::Output<NewAttr> {
        AtOnce(self.0.add_any_attr(attr))
    }
}

impl<T: RenderHtml, const HYDRATES: bool> RenderHtml for AtOnce<T, HYDRATES> {
    type AsyncOutput = Self;
    type Owned = AtOnce<T::Owned, HYDRATES>;
    const MIN_LENGTH: usize = T::MIN_LENGTH;
    const EXISTS: bool = T::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self {
        self
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(self, buf: &mut String, position: &mut Position, escape: bool, mark_branches: bool, attrs: Vec<AnyAttribute>) {
        self.0.to_html_with_buf(buf, position, escape, mark_branches, attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attrs: Vec<AnyAttribute>,
    ) {
        buf.with_buf(|buf| self.0.to_html_with_buf(buf, position, escape, mark_branches, attrs));
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        if HYDRATES { self.0.hydrate::<FROM_SERVER>(cursor, position) } else { self.0.build() }
    }

    fn into_owned(self) -> Self::Owned {
        AtOnce(self.0.into_owned())
    }
}
