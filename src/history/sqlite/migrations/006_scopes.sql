-- The step that a task runs, and the scope that it is for. Earlier versions said the step in the name alone, and a company's window was one
-- scope, which had its name.
alter table tasks add column step text;
alter table tasks add column scope text;
update tasks set scope = company, step = case when instr(name, '[') > 0 then substr(name, 1, instr(name, '[') - 1) else name end;
