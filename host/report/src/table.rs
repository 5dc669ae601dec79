//! Columns that line up. The last column is not padded, so that long texts do not widen the table.

use super::page::{Ink, Line, Page};

/// Rows of cells under an optional heading.
#[derive(Debug, Default)]
pub struct Table {
    heading: Option<Vec<Line>>,
    rows: Vec<Vec<Line>>,
    /// Columns that are aligned to the right.
    right: Vec<usize>,
}

impl Table {
    /// A table without a heading.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A table with a heading.
    #[must_use]
    pub fn headed(heading: &[&str]) -> Self {
        Self { heading: Some(heading.iter().map(|word| Line::new().ink(Ink::Dim, word)).collect()), ..Self::default() }
    }

    /// Aligns a column to the right: numbers and durations.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Line>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines: cells two spaces apart, behind `indent`. Columns that are empty in all rows are left out.
    #[must_use]
    pub fn page(&self, indent: &str) -> Page {
        let all = || self.heading.iter().chain(&self.rows);
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let shown: Vec<usize> = (0..columns)
            .filter(|column| self.rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let widths: Vec<usize> = (0..columns)
            .map(|column| all().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or(0))
            .collect();
        let mut page = Page::new();
        for row in all() {
            let mut line = Line::plain(indent);
            for (position, column) in shown.iter().enumerate() {
                let cell = row.get(*column).cloned().unwrap_or_default();
                let space = " ".repeat(widths[*column] - cell.width());
                let last = position + 1 == shown.len();
                line = if self.right.contains(column) {
                    line.text(space).join(cell)
                } else if last {
                    line.join(cell)
                } else {
                    line.join(cell).text(space)
                };
                if !last {
                    line = line.text("  ");
                }
            }
            page.push(line);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_empty_ones_are_left_out() {
        let mut table = Table::headed(&["service", "count", "nothing", "state"]).right(1);
        table.row(["web", "7", "", "running"].map(Line::plain).to_vec());
        table.row(["猫backend", "120", "", "restarting for the third time"].map(Line::plain).to_vec());
        insta::assert_snapshot!(table.page("  ").render(false), @r"
          service    count  state
          web            7  running
          猫backend    120  restarting for the third time
        ");
    }
}
