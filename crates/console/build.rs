//! Has Cargo notice when the page that is embedded was built anew. A release build takes the
//! files in, and without this would keep those of the first build, or none.

fn main() {
    let page = "../../console/dist";
    // Cargo looks into a folder only if there is one.
    let _ = std::fs::create_dir_all(page);
    println!("cargo::rerun-if-changed={page}");
}
