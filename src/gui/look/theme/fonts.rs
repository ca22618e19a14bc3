//! The type inside the program.

use egui::FontFamily;

/// The heavier cut of the interface's type.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// The fonts inside the program, with Chinese, Japanese, Korean and symbols as fallback.
pub fn fonts() -> egui::FontDefinitions {
    let mut fonts = egui::FontDefinitions::default();
    let files: [(&str, &'static [u8]); 4] = [
        ("Inter", include_bytes!("../../../../assets/fonts/Inter-Regular.otf")),
        ("Inter SemiBold", include_bytes!("../../../../assets/fonts/Inter-SemiBold.otf")),
        ("JetBrains Mono", include_bytes!("../../../../assets/fonts/JetBrainsMono-Regular.ttf")),
        (
            "Droid Sans Fallback",
            include_bytes!("../../../../assets/fonts/DroidSansFallbackFull.ttf"),
        ),
    ];
    for (name, bytes) in files {
        let data = egui::FontData::from_static(bytes);
        fonts.font_data.insert(name.to_owned(), data.into());
    }
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (family, first) in [
        (FontFamily::Proportional, "Inter"),
        (semibold(), "Inter SemiBold"),
        (FontFamily::Monospace, "JetBrains Mono"),
    ] {
        // Each has signs that the other lacks.
        let mut names = [first, "Inter", "JetBrains Mono"].map(str::to_owned).to_vec();
        names.extend(fallback.iter().cloned());
        names.push("Droid Sans Fallback".to_owned());
        fonts.families.insert(family, names);
    }
    fonts
}
