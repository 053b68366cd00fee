//! Tables as text and as Markdown.

/// On which side the cells of a column are filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under a header, columns aligned.
#[derive(Clone, Debug, PartialEq)]
pub struct TextTable {
    header: Vec<String>,
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows; each column has its name and its side.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = (S, Align)>) -> Self {
        let (header, align) = columns.into_iter().map(|(name, align)| (name.into(), align)).unzip();
        Self { header, align, rows: Vec::new() }
    }

    /// Adds a row; missing cells stay empty, and those beyond the last column are dropped.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.header.len(), String::new());
        self.rows.push(cells);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Columns two spaces apart, the header underlined, no spaces at the ends of lines.
    pub fn to_text(&self) -> String {
        let widths = self.widths(&|cell| cell.to_owned());
        let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        let mut text = String::new();
        for cells in [&self.header, &rule].into_iter().chain(&self.rows) {
            text.push_str(self.aligned(cells, &widths).join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// A Markdown table, aligned in the source too.
    pub fn to_markdown(&self) -> String {
        let escape = |cell: &str| cell.replace('|', "\\|").replace('\n', " ");
        let widths: Vec<usize> = self.widths(&escape).into_iter().map(|width| width.max(3)).collect();
        let rule = widths.iter().zip(&self.align).map(|(&width, align)| match align {
            Align::Left => "-".repeat(width),
            Align::Right => format!("{}:", "-".repeat(width - 1)),
        });
        let rule: Vec<String> = rule.collect();
        let mut text = String::new();
        for cells in [&self.header, &rule].into_iter().chain(&self.rows) {
            let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
            text.push_str(&format!("| {} |\n", self.aligned(&cells, &widths).join(" | ")));
        }
        text
    }

    fn widths(&self, shown: &dyn Fn(&str) -> String) -> Vec<usize> {
        let rows = || std::iter::once(&self.header).chain(&self.rows);
        let width = |column: usize| rows().map(|cells| shown(&cells[column]).chars().count()).max().unwrap_or(0);
        (0..self.header.len()).map(width).collect()
    }

    fn aligned(&self, cells: &[String], widths: &[usize]) -> Vec<String> {
        let columns = cells.iter().zip(&self.align).zip(widths);
        let cell = |((cell, align), width): ((&String, &Align), &usize)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        };
        columns.map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> TextTable {
        let mut table = TextTable::new([("problem", Align::Left), ("L2", Align::Right), ("note", Align::Left)]);
        table.row(["heat", "3.1e-10", "α | β"]);
        table.row(["kdv_soliton", "2e-8"]);
        table
    }

    #[test]
    fn text() {
        insta::assert_snapshot!(sample().to_text(), @r"
        problem           L2  note
        -----------  -------  -----
        heat         3.1e-10  α | β
        kdv_soliton     2e-8
        ");
    }

    #[test]
    fn markdown() {
        insta::assert_snapshot!(sample().to_markdown(), @r"
        | problem     |      L2 | note   |
        | ----------- | ------: | ------ |
        | heat        | 3.1e-10 | α \| β |
        | kdv_soliton |    2e-8 |        |
        ");
    }
}
