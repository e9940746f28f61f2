//! Which line and which band stand for the members of a group.

/// The line of a group: at each place a location of its members' values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GroupLine {
    #[default]
    Mean,
    Median,
    /// The geometric mean, where all values are above 0.
    GeoMean,
    /// The lowest finite point of all members.
    Min,
    /// The highest finite point of all members.
    Max,
}

/// The band around the line of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Band {
    None,
    /// The 95 % interval of the mean by Student's t; of a geometric mean that of the logarithms.
    #[default]
    T95,
    /// One standard deviation, with n − 1, to each side.
    Std,
    /// One standard error of the mean to each side.
    StdErr,
    /// From the lowest to the highest finite point of all members.
    MinMax,
    /// From the lower to the upper quartile.
    Iqr,
}

impl GroupLine {
    pub const ALL: [Self; 5] = [Self::Mean, Self::Median, Self::GeoMean, Self::Min, Self::Max];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::GeoMean => "geomean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// The bands that may stand around it, the default first.
    pub const fn bands(self) -> &'static [Band] {
        match self {
            Self::Mean => &[Band::T95, Band::Std, Band::StdErr, Band::MinMax, Band::None],
            Self::Median => &[Band::Iqr, Band::MinMax, Band::None],
            Self::GeoMean => &[Band::T95, Band::None],
            Self::Min | Self::Max => &[Band::None],
        }
    }

    pub const fn default_band(self) -> Band {
        self.bands()[0]
    }

    pub fn is_valid_with(self, band: Band) -> bool {
        self.bands().contains(&band)
    }
}

impl Band {
    pub const ALL: [Self; 6] = [Self::None, Self::T95, Self::Std, Self::StdErr, Self::MinMax, Self::Iqr];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|band| band.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::T95 => "t95",
            Self::Std => "std",
            Self::StdErr => "stderr",
            Self::MinMax => "minmax",
            Self::Iqr => "iqr",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(GroupLine::ALL.into_iter().all(|line| GroupLine::parse(line.as_str()) == Some(line)));
        assert!(Band::ALL.into_iter().all(|band| Band::parse(band.as_str()) == Some(band)));
        assert_eq!((GroupLine::parse("average"), Band::parse("")), (None, None));
    }

    #[test]
    fn each_line_has_few_bands_and_a_default() {
        let pairs: usize = GroupLine::ALL.into_iter().map(|line| line.bands().len()).sum();
        assert_eq!(pairs, 12);
        assert_eq!(GroupLine::default().default_band(), Band::default());
        for (line, band, is_valid) in [
            (GroupLine::Mean, Band::T95, true),
            (GroupLine::Mean, Band::Iqr, false),
            (GroupLine::Median, Band::Iqr, true),
            (GroupLine::Median, Band::T95, false),
            (GroupLine::GeoMean, Band::Std, false),
            (GroupLine::Min, Band::MinMax, false),
            (GroupLine::Max, Band::None, true),
        ] {
            assert_eq!(line.is_valid_with(band), is_valid, "{line:?} {band:?}");
        }
    }
}
