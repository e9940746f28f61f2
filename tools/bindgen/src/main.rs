//! `bindgen INPUT.wasm OUTPUT_FOLDER`: makes what browsers load from what cargo has built.
//!
//! - `agnez_bg.wasm`, what the page begins with, and `agnez.js`, its ES module.
//! - `split_NAME.wasm` for each `#[wasm_split(NAME)]`: the code that only the functions of this name reach. `__wasm_split.js` loads it.
//! - `chunk_NUMBER.wasm` for what the functions of several names reach, and `parts.json`: of each name, which of these files it needs.
//!
//! wasm-opt sorts functions by their names, and then takes the names away. So that like stands by like, a name begins with that of the generic
//! function, without types, and with the length of the code: 14 KB less once it is compressed.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use walrus::Module;
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

fn main() -> ExitCode {
    let [input, output] = match <[_; 2]>::try_from(std::env::args_os().skip(1).collect::<Vec<_>>()) {
        Ok(paths) => paths,
        Err(_) => {
            eprintln!("Usage: bindgen INPUT.wasm OUTPUT_FOLDER");
            return ExitCode::from(2);
        }
    };
    match generate(input.as_ref(), output.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bindgen: {why:?}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let whole = std::fs::read(input)?;
    let first = output.join("first.wasm");
    let mut options = Options::new(&whole);
    options.output_dir = output;
    options.main_out_path = &first;
    options.main_module = "./agnez.js";
    let parts = wasm_split_cli_support::transform(options)?;
    std::fs::write(output.join("parts.json"), serde_json::to_string(&parts.prefetch_map)?)?;
    for path in parts.split_modules {
        let mut part = Module::from_file(&path)?;
        sort_by_name(&mut part);
        part.emit_wasm_file(path)?;
    }
    // The default path of the WASM file would name it without its hash: the page always says it.
    let mut bindgen = Bindgen::new();
    bindgen.input_path(first).out_name("agnez").web(true)?.omit_default_module_path(true);
    // The parts import the memory, the table of functions and the pointer to the stack, which the linker exports.
    bindgen.typescript(false).remove_producers_section(true).keep_lld_exports(true);
    let mut made = bindgen.generate_output()?;
    sort_by_name(made.wasm_mut());
    Ok(made.emit(output)?)
}

/// Names the functions so that like ones stand beside each other once they are sorted.
fn sort_by_name(module: &mut Module) {
    let lengths: HashMap<_, _> = module.funcs.iter_local().map(|(id, function)| (id, function.size())).collect();
    for function in module.funcs.iter_mut() {
        let length = lengths.get(&function.id()).copied().unwrap_or_default();
        function.name = function.name.take().map(|name| {
            let name = format!("{:#}", rustc_demangle::demangle(&name));
            format!("{} {length:06} {name}", without_types(&name))
        });
    }
}

/// The name without what stands between angle brackets.
fn without_types(name: &str) -> String {
    let mut depth = 0_i32;
    let is_outside = |c: &char| {
        let before = depth;
        depth += i32::from(*c == '<') - i32::from(*c == '>');
        before == 0 && depth == 0
    };
    name.replace("->", "").chars().filter(is_outside).collect()
}
