eval(atob("MQ=="));
