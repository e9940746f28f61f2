//! The line chart of a cell: the server's picture at first, then a canvas in its place, with toolbar, crosshair and legend.

use leptos::either::Either;
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlImageElement;

use super::chart_state::{ChartElement, ChartSource, Plot};
use super::crosshair::{CrosshairLine, SelectionBand};
use super::display::{ChartDisplay, NewestNumber, PlotDisplay, PrintView, Summary, Zoom};
use super::event_marks::MarkTexts;
use super::legend::Legend;
use super::print::NotPrinted;
use super::registry::{Charts, use_charts};
use super::toolbar::Toolbar;
use crate::app::in_browser::InBrowser;
use crate::app::signals::SetIfChanged;
use crate::browser::dom;
use crate::protocol::CellId;

/// A chart as the server has drawn it; empty in the browser, which finds it in the document.
#[derive(Clone, Default)]
pub struct Prerendered {
    /// Picture and legend, written by the server: every text of clients in it is escaped.
    pub html: String,
    /// Of the legend.
    pub rows: usize,
}

/// Classes of charts whose legend has two rows, and three.
const LEGEND_ROWS: [&str; 2] = ["two-rows", "three-rows"];

/// `example`: a command that sends the first point, for readers who may write.
#[component]
#[expect(clippy::disallowed_methods, reason = "the server's own markup, in which every text of clients is escaped")]
pub fn LineChart(
    id: CellId,
    source: ChartSource,
    prerendered: Prerendered,
    example: Option<String>,
    #[prop(into)] is_fullscreen: Signal<bool>,
    #[prop(into)] most_rows: Signal<usize>,
    newest: RwSignal<Vec<NewestNumber>>,
) -> impl IntoView {
    let charts = use_charts();
    let display = ChartDisplay::new(prerendered.rows.max(1), newest);
    let (container, picture) = (NodeRef::<Div>::new(), NodeRef::<Div>::new());
    let own_id = id.clone();
    Effect::new(move |_| {
        source.settings.track();
        let Some(container) = container.get() else { return };
        if let Some(rows) = LEGEND_ROWS.iter().position(|class| container.class_list().contains(class)) {
            display.rows.set_if_changed(rows + 2);
        }
        let element = || ChartElement { has_picture: keep_loaded_picture(picture), container: container.into(), display, is_fullscreen };
        charts.insert(&own_id, source, element);
    });
    let removed = id.clone();
    on_cleanup(move || charts.remove(&removed));
    let picture_view = move || {
        let html = prerendered.html.clone();
        (!display.is_drawn.get()).then(|| view! { <div class="prerendered" node_ref=picture inner_html=html></div> })
    };
    let print_id = id.clone();
    let print_url = move || charts.printed_svg(&print_id);
    let printed = move || match display.print.get() {
        PrintView::Screen => None,
        PrintView::Picture => Some(Either::Left(view! { <img class="static-chart" alt="" src=print_url() /> })),
        PrintView::Nothing => Some(Either::Right(view! { <NotPrinted /> })),
    };
    let cell = id.to_string();
    let live = move || {
        display
            .is_live
            .get()
            .then(|| InBrowser(view! { <LivePlot id=id.clone() display example=example.clone() is_fullscreen most_rows /> }))
    };
    view! {
        <div
            class="line-chart"
            class=(LEGEND_ROWS[0], move || display.rows.get() == 2)
            class=(LEGEND_ROWS[1], move || display.rows.get() == 3)
            class:expanded=move || display.is_unfolded.get()
            node_ref=container
            data-cell=cell
        >
            {picture_view}
            {printed}
            {live}
        </div>
    }
}

/// Removes a picture that is not loaded yet: the canvas comes first. True when a picture stays.
fn keep_loaded_picture(picture: NodeRef<Div>) -> bool {
    let Some(first) = picture.get_untracked().and_then(|picture| picture.first_element_child()) else { return false };
    match first.dyn_ref::<HtmlImageElement>() {
        Some(image) if !image.complete() => {
            image.remove();
            false
        }
        Some(_) => true,
        None => first.tag_name().eq_ignore_ascii_case("svg"),
    }
}

/// The parts of a chart that is near the screen.
#[component]
fn LivePlot(
    id: CellId,
    display: ChartDisplay,
    example: Option<String>,
    is_fullscreen: Signal<bool>,
    most_rows: Signal<usize>,
) -> impl IntoView {
    let charts = use_charts();
    let plot = PlotDisplay::new();
    let canvas = NodeRef::<Canvas>::new();
    let own_id = StoredValue::new(id.clone());
    canvas.on_load(move |canvas| {
        if let Some(context) = canvas.get_context("2d").ok().flatten() {
            let plot = Plot { canvas, context: context.unchecked_into(), display: plot };
            own_id.with_value(|id| charts.attach(id, plot));
        }
    });
    let on_chart = move |handle: &dyn Fn(&mut Charts, &CellId)| {
        own_id.with_value(|id| charts.with(|charts| handle(charts, id)));
    };
    let zoom = move || {
        plot.zoom.get().map(|zoom| match zoom {
            Zoom::All => "",
            Zoom::Zoomed => "zoomed",
            Zoom::Follows => "follows",
        })
    };
    let summary = plot.summary;
    let text = move |text: fn(&Summary) -> String| move || summary.with(|summary| (!summary.label.is_empty()).then(|| text(summary)));
    let legend = {
        let id = id.clone();
        move || display.is_drawn.get().then(|| view! { <Legend id=id.clone() display plot is_fullscreen most_rows /> })
    };
    view! {
        <div class="plot" data-view=zoom>
            <canvas
                node_ref=canvas
                role="img"
                aria-label=text(|summary| summary.label.clone())
                data-points=text(|summary| summary.points.to_string())
                data-from=text(|summary| dom::number_text(summary.from))
                data-to=text(|summary| dom::number_text(summary.to))
                on:pointerdown=move |event| on_chart(&|charts, id| charts.on_pointer_down(id, &event))
                on:pointermove=move |event| on_chart(&|charts, id| charts.on_pointer_move(id, &event))
                on:pointerup=move |event| on_chart(&|charts, _| charts.on_pointer_up(&event))
                on:pointercancel=move |event| on_chart(&|charts, _| charts.on_pointer_cancel(&event))
                on:pointerout=move |event| on_chart(&|charts, _| charts.on_pointer_out(&event))
                on:wheel=move |event| on_chart(&|charts, id| charts.on_wheel(id, &event))
                on:dblclick=move |event| on_chart(&|charts, id| charts.on_double_click(id, &event))
            ></canvas>
            // Where a finger does not scroll the page. A pressed pointer belongs to the canvas.
            <div
                class="y-axis"
                on:pointerdown=move |event| on_chart(&|charts, id| charts.on_pointer_down(id, &event))
                on:wheel=move |event| on_chart(&|charts, id| charts.on_wheel(id, &event))
                on:dblclick=move |event| on_chart(&|charts, id| charts.on_double_click(id, &event))
            ></div>
            <Toolbar id />
            <MarkTexts marks=plot.marks crosshair=plot.crosshair />
            <CrosshairLine place=plot.crosshair />
            <SelectionBand range=plot.selection />
            <NoPoints is_empty=plot.is_empty refusal=plot.refusal example />
        </div>
        {legend}
    }
}

/// Says how to send the first point, or why the server makes no curves.
#[component]
fn NoPoints(is_empty: RwSignal<bool>, refusal: RwSignal<String>, example: Option<String>) -> impl IntoView {
    let is_refused = move || refusal.with(|refusal| !refusal.is_empty());
    view! {
        <div class="no-points" hidden=move || !is_empty.get()>
            <p role="status">{move || if is_refused() { refusal.get() } else { "No points yet.".to_owned() }}</p>
            {example.map(|command| view! { <pre hidden=is_refused>{command}</pre> })}
        </div>
    }
}
