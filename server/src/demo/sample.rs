//! The files that the demo backs up: those of a small web shop.

use std::{fmt::Write, fs, io, os::unix::fs::symlink, path::Path};

const PRODUCTS: [(&str, u32); 12] = [
    ("anchor-shackle", 1290),
    ("bow-thimble", 340),
    ("cleat-bronze", 2150),
    ("deck-brush", 890),
    ("fender-small", 1750),
    ("hemp-rope", 420),
    ("kedge-anchor", 8900),
    ("lantern-brass", 6400),
    ("marlinspike", 1550),
    ("oar-lock", 1180),
    ("sail-needle", 260),
    ("tar-tin", 720),
];

/// Writes the files below `folder`, which does not exist yet.
pub fn write(folder: &Path) -> io::Result<()> {
    for part in ["config", "images", "orders", "pages", "products", "notes/2026", "uploads/empty"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let file = |name: &str, text: &str| fs::write(folder.join(name), text);
    file("README.md", "# Web shop\n\nSails, ropes and brass. Change a file here and watch the next backup.\n")?;
    file("config/shop.toml", "name = \"Web shop\"\ncurrency = \"EUR\"\nitems_per_page = 12\n")?;
    file("config/shipping.toml", "[zones]\nhome = 490\nabroad = 1490\n")?;
    file("pages/index.html", &page("Welcome aboard", "New in: brass lanterns."))?;
    file("pages/imprint.html", &page("Imprint", "Harbour Road 7."))?;
    file("pages/terms.html", &page("Terms", "Goods travel at the buyer's risk past the pier."))?;
    file("notes/2026/naïve pricing – ideas.txt", "Rope by the metre, cheaper from 50 m.\n")?;
    file("notes/2026/to do.txt", "- new photos\n- count the cleats\n")?;
    file("uploads/.keep", "")?;
    for (name, cents) in PRODUCTS {
        let text = format!(
            "{{\n  \"name\": \"{name}\",\n  \"price_cents\": {cents},\n  \"image\": \"images/{name}.svg\"\n}}\n"
        );
        file(&format!("products/{name}.json"), &text)?;
        file(&format!("images/{name}.svg"), &image(name))?;
    }
    for month in 1..=12 {
        file(&format!("orders/2025-{month:02}.csv"), &orders(month))?;
    }
    symlink("index.html", folder.join("pages/start.html"))
}

fn page(title: &str, text: &str) -> String {
    format!("<!DOCTYPE html>\n<html lang=\"en\">\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n</html>\n")
}

fn image(name: &str) -> String {
    let hue = name.bytes().map(u32::from).sum::<u32>() % 360;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">\
         <rect width=\"100\" height=\"100\" fill=\"hsl({hue} 40% 70%)\"/>\
         <text x=\"50\" y=\"55\" text-anchor=\"middle\" font-size=\"10\">{name}</text></svg>\n"
    )
}

/// A month of orders, the same at every start.
fn orders(month: u32) -> String {
    let mut text = "order,day,product,count,cents\n".to_owned();
    for number in 0..400 {
        let order = month * 1000 + number;
        // Steps of primes walk through days and products without a pattern that meets the eye.
        let (day, count) = (order * 7 % 28 + 1, order * 13 % 5 + 1);
        let (name, cents) = PRODUCTS[(order * 31 % 12) as usize];
        let _ = writeln!(text, "{order},2025-{month:02}-{day:02},{name},{count},{}", cents * count);
    }
    text
}
