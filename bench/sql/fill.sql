insert into messages (username, bgColor, text)
select '东方不败' || n % 100, '#' || lpad(to_hex(n % 16777216), 6, '0'),
       '有人的地方就有恩怨，有恩怨就有江湖。 ' || n
from generate_series(1, 100000) n;
