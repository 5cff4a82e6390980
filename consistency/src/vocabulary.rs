//! Enums whose every variant has a name, other names, and a sentence that says what it is: one table each.

/// Defines the enum and its table; a row is a variant, its name, what else it is called, and what it is.
macro_rules! vocabulary {
    (
        $(#[$about:meta])* $type:ident {
            $($variant:ident $name:literal [$($alias:literal),*] $doc:literal)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $(#[doc = $doc] $variant,)*
        }

        const ROWS: &[($type, &str, &[&str], &str)] =
            &[$(($type::$variant, $name, &[$($alias),*], $doc),)*];

        impl $type {
            /// All of them, in the order of the table.
            pub fn all() -> impl Iterator<Item = Self> {
                ROWS.iter().map(|row| row.0)
            }

            /// Its name in reports and on the command line.
            pub fn name(self) -> &'static str {
                ROWS[self as usize].1
            }

            /// What else it is called.
            pub fn aliases(self) -> &'static [&'static str] {
                ROWS[self as usize].2
            }

            /// What it is, in one sentence.
            pub fn doc(self) -> &'static str {
                ROWS[self as usize].3
            }

            /// The one of a name or of another name.
            pub fn named(name: &str) -> Option<Self> {
                ROWS.iter().find(|row| row.1 == name || row.2.contains(&name)).map(|row| row.0)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        #[cfg(test)]
        #[test]
        fn every_variant_stands_in_its_own_row_and_names_are_unique() {
            assert!(ROWS.iter().enumerate().all(|(place, row)| row.0 as usize == place));
            let names = || ROWS.iter().flat_map(|row| row.2.iter().copied().chain([row.1]));
            assert_eq!(names().collect::<std::collections::BTreeSet<_>>().len(), names().count());
            assert!($type::all().all(|variant| $type::named(variant.name()) == Some(variant)));
        }
    };
}

pub(crate) use vocabulary;
