#[test] fn p(){ println!("{}", shardlab_scenarios::schema::text()); }
