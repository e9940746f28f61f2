//! The settings panel of a chart: how it is drawn, the files it can be saved as, and its newest values as a table. Opened from the header
//! or from the menu of a section it sets what several charts have in common.

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::HtmlElement;

use super::axis_fields::{AxisTitleFields, GoalLinesField, YRangeFields};
use super::figure_fields::FigureFields;
use super::panel_fields::{Choice, Smoothing, TextField};
use super::panel_state::{PanelState, PanelTarget, SeriesSummary};
use super::registry::use_charts;
use super::superseded_field::SupersededField;
use super::x_axis_fields::XAxisFields;
use super::zoom_link::ZoomLink;
use crate::app::erased::Erase;
use crate::browser::{dom, popover};
use crate::line_overrides::LineOverride;
use crate::protocol::{AxisScale, CellId, LineSettingsPatch};

const AXIS_SCALES: &[(&str, &str)] = &[("", "mixed"), ("linear", "linear"), ("log", "logarithmic")];

const ZOOM_LINKS: &[(&str, &str)] = &[("alone", "no charts"), ("section", "charts of a section"), ("board", "all charts")];

/// The attribute of the root element while the panel is open, for the style sheet.
const PANEL: &str = "data-panel";

/// What the page does for the panel.
#[derive(Clone, Copy)]
pub struct PanelActions {
    /// Stores settings of a chart.
    pub store: Callback<(CellId, LineSettingsPatch)>,
    /// Stores for everyone what this reader has chosen.
    pub store_overrides: Callback<PanelTarget>,
    /// Stores settings of all charts of a section.
    pub store_in_section: Callback<(String, LineSettingsPatch)>,
    pub toggle_fullscreen: Callback<CellId>,
    pub save_png: Callback<CellId>,
    /// The names of the metrics of the board, which are loaded for it.
    pub metric_names: Callback<(), Signal<Vec<String>>>,
    /// The element of a cell, which stays in sight beside the panel.
    pub cell_element: Callback<CellId, Option<HtmlElement>>,
}

/// Of [`SettingsPanel`], for its content.
#[derive(Clone, Copy)]
struct PanelContext {
    actions: PanelActions,
    may_write: bool,
}

#[component]
pub fn SettingsPanel(actions: PanelActions, may_write: bool) -> impl IntoView {
    provide_context(PanelContext { actions, may_write });
    let charts = use_charts();
    let target = charts.panel.target;
    let panel = NodeRef::<Div>::new();
    Effect::new(move |_| {
        let is_open = target.with(Option::is_some);
        dom::set_root_attribute(PANEL, is_open.then_some(""));
        if !is_open {
            return close(panel);
        }
        // The content shows the panel; until it is there, this shows that it is loading.
        let anchor = charts.with(|charts| charts.panel_anchor.clone()).flatten().filter(|_| !charts.deferred.is_loaded());
        if let (Some(panel), Some(anchor)) = (panel.get_untracked(), anchor) {
            popover::show_beside(&panel, &anchor, false);
        }
    });
    let label = move || target.with(|target| target.as_ref().map_or_else(|| "Chart".to_owned(), PanelTarget::label));
    // The browser closes it on Escape and on a click elsewhere.
    let on_toggle = move |_| {
        let is_open = panel.get_untracked().is_some_and(|panel| panel.matches(":popover-open").unwrap_or(false));
        if !is_open {
            target.set(None);
        }
    };
    view! {
        <div id="chart-panel" class="menu settings-panel" popover="auto" role="dialog" aria-label=label node_ref=panel on:toggle=on_toggle>
            {move || target.read().is_some().then(|| charts.deferred.view(charts.deferred.get(), |code| (code.chart_panel)(panel)))}
        </div>
    }
}

fn close(panel: NodeRef<Div>) {
    if let Some(panel) = panel.get_untracked() {
        let _ = panel.hide_popover();
    }
}

/// The content of the open panel.
pub fn chart_panel(panel: NodeRef<Div>) -> AnyView {
    let PanelContext { actions, may_write } = expect_context();
    use_charts().panel.target.get_untracked().map(|target| view! { <PanelContent target panel actions may_write /> }).erase()
}

#[component]
fn PanelContent(target: PanelTarget, panel: NodeRef<Div>, actions: PanelActions, may_write: bool) -> impl IntoView {
    let charts = use_charts();
    let PanelState { values, .. } = charts.panel;
    let target = StoredValue::new(target);
    // After the content is in the document: its height decides where the panel has room.
    Effect::new(move |_| {
        let cell = target.with_value(|target| target.chart().and_then(|id| actions.cell_element.run(id.clone())));
        let stays_in_sight = cell.is_some();
        let anchor = cell.or_else(|| charts.with(|charts| charts.panel_anchor.clone()).flatten());
        if let (Some(panel), Some(anchor)) = (panel.get_untracked(), anchor) {
            popover::show_beside(&panel, &anchor, stays_in_sight);
        }
    });
    let choose = move |chosen: LineOverride| target.with_value(|target| charts.override_settings(target, chosen));
    let scale_name = |scale: Option<AxisScale>| scale.map_or("", AxisScale::name);
    let x_scale = Memo::new(move |_| scale_name(values.with(|values| values.x_scale)));
    let choose_x_scale = move |name: String| choose(LineOverride { x_scale: AxisScale::from_name(&name), ..Default::default() });
    let y = Memo::new(move |_| scale_name(values.with(|values| values.y)));
    let choose_y = move |name: String| choose(LineOverride { y: AxisScale::from_name(&name), ..Default::default() });
    let smooth = Memo::new(move |_| values.with(|values| values.smooth));
    let preview = move |smooth: f64| target.with_value(|target| charts.preview_smoothing(target, smooth));
    let choose_smooth = move |smooth: f64| choose(LineOverride { smooth: Some(smooth), ..Default::default() });
    let zoom_link = Memo::new(move |_| charts.zoom_link.get().name());
    let chart = target.with_value(|target| target.chart().cloned());
    let is_many = chart.is_none();
    let heading = target.with_value(|target| target.chart().is_none().then(|| target.label()));
    view! {
        {heading.map(|heading| view! { <p class="audience">{heading}</p> })}
        <XAxisFields choose=Callback::new(choose) metric_names=actions.metric_names />
        <Choice id="chart-x-scale" label="x scale" options=AXIS_SCALES value=x_scale on_choose=Callback::new(choose_x_scale) />
        <Choice id="chart-y" label="y axis" options=AXIS_SCALES value=y on_choose=Callback::new(choose_y) />
        <Smoothing value=smooth on_preview=Callback::new(preview) on_store=Callback::new(choose_smooth) />
        <OwnSettings target=target.get_value() store=actions.store_overrides may_write />
        {is_many
            .then(|| {
                view! {
                    <Choice
                        id="chart-linked"
                        label="Zoom together"
                        options=ZOOM_LINKS
                        value=zoom_link
                        on_choose=Callback::new(move |name: String| charts.link_zoom(ZoomLink::from_name(&name).unwrap_or_default()))
                    />
                }
            })}
        {chart.map(|id| view! { <ChartSettings id panel actions may_write /> })}
    }
}

/// Says that this reader sees the charts otherwise than everyone.
#[component]
fn OwnSettings(target: PanelTarget, store: Callback<PanelTarget>, may_write: bool) -> impl IntoView {
    let charts = use_charts();
    let target = StoredValue::new(target);
    let has_overrides = Memo::new(move |_| charts.panel.values.with(|values| values.has_overrides));
    let share = move |_| store.run(target.get_value());
    let reset = move |_| target.with_value(|target| charts.reset_overrides(target));
    let share_button = move || {
        may_write.then(|| {
            view! {
                <button type="button" on:click=share>
                    "Set for everyone"
                </button>
            }
        })
    };
    view! {
        <p class="own-settings" hidden=move || !has_overrides.get()>
            "Only you see this." {share_button} <button type="button" on:click=reset>
                "Reset"
            </button>
        </p>
    }
}

/// The settings and files of one chart.
#[component]
fn ChartSettings(id: CellId, panel: NodeRef<Div>, actions: PanelActions, may_write: bool) -> impl IntoView {
    let charts = use_charts();
    let PanelState { values, .. } = charts.panel;
    let id = StoredValue::new(id);
    let store = move |patch: LineSettingsPatch| actions.store.run((id.get_value(), patch));
    let unit = Memo::new(move |_| values.with(|values| values.unit.clone()));
    let store_unit = move |unit: String| store(LineSettingsPatch { unit: Some(unit), ..Default::default() });
    let share_hidden = move |_| {
        close(panel);
        if let Some(hidden) = id.with_value(|id| charts.take_own_hidden(id)) {
            store(LineSettingsPatch { hidden: Some(hidden), ..Default::default() });
        }
    };
    let fullscreen = move |_| {
        close(panel);
        actions.toggle_fullscreen.run(id.get_value());
    };
    let save_png = move |_| actions.save_png.run(id.get_value());
    let has_own_hidden = move || values.with(|values| values.has_own_hidden);
    view! {
        {may_write
            .then(|| {
                view! {
                    <p class="audience">"For everyone who opens this board:"</p>
                    <YRangeFields id=id.get_value() store=Callback::new(store) store_in_section=actions.store_in_section />
                    <GoalLinesField store=Callback::new(store) />
                    <TextField id="chart-unit" label="Unit" value=unit on_store=Callback::new(store_unit) />
                    <AxisTitleFields store=Callback::new(store) />
                    {move || {
                        has_own_hidden()
                            .then(|| {
                                view! {
                                    <p class="own-hidden">
                                        "Hidden in this tab only." <button type="button" on:click=share_hidden>
                                            "Hide for everyone"
                                        </button>
                                    </p>
                                }
                            })
                    }}
                }
            })}
        <SupersededField id=id.get_value() may_write store=Callback::new(store) />
        <p>
            <button type="button" on:click=fullscreen>
                "Full screen"
            </button>
            <button type="button" on:click=save_png>
                "PNG"
            </button>
            <a id="chart-svg" download="" href=move || values.with(|values| values.svg.clone())>
                "SVG"
            </a>
            <a id="chart-csv" download="" href=move || values.with(|values| values.csv.clone())>
                "CSV"
            </a>
        </p>
        <FigureFields id=id.get_value() />
        <SeriesTable series=Memo::new(move |_| values.with(|values| values.series.clone())) />
    }
}

#[component]
fn SeriesTable(series: Memo<Vec<SeriesSummary>>) -> impl IntoView {
    let rows = move || {
        let row = |SeriesSummary { name, last, lowest, highest, non_finite, points }| {
            view! {
                <tr>
                    <td>{name}</td>
                    <td>{last}</td>
                    <td>{lowest}</td>
                    <td>{highest}</td>
                    <td>{non_finite}</td>
                    <td>{points}</td>
                </tr>
            }
        };
        series.get().into_iter().map(row).collect_view()
    };
    view! {
        <table id="chart-table" hidden=move || series.with(Vec::is_empty)>
            <tr>
                <th>"series"</th>
                <th>"last"</th>
                <th>"lowest"</th>
                <th>"highest"</th>
                <th>"NaN, ∞"</th>
                <th>"points"</th>
            </tr>
            {rows}
        </table>
    }
}
