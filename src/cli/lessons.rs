//! `headlight lessons`: which lessons there are, and whether what they say is true.

use super::{ModelArgs, print};
use crate::lesson::{Lesson, bundled, folder};
use crate::model::{Checkpoint, TRANSLATOR};
use crate::problem::{Problem, Result};
use crate::session::claims::{refuted, right_choice};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct LessonsArgs {
    #[command(subcommand)]
    command: LessonsCommand,
}

#[derive(Debug, Subcommand)]
enum LessonsCommand {
    /// List lessons with their steps and what they are about
    List(FolderArgs),
    /// Read lessons, and ask the model whether what they say about it is true
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct FolderArgs {
    /// A folder with lessons [default: the course inside the program]
    dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &LessonsArgs) -> Result<()> {
    match &args.command {
        LessonsCommand::List(args) => list(args),
        LessonsCommand::Check(args) => check(args),
    }
}

impl FolderArgs {
    fn read(&self) -> Result<(Vec<Lesson>, Vec<Problem>)> {
        match &self.dir {
            Some(dir) => folder(dir),
            None => Ok((bundled("en"), Vec::new())),
        }
    }
}

fn list(args: &FolderArgs) -> Result<()> {
    let (lessons, problems) = args.read()?;
    let row = |lesson: &Lesson| {
        let Lesson { name, title, summary, .. } = lesson;
        format!("{name:<22} {:>2} steps  {title}. {summary}\n", lesson.steps.len())
    };
    print(&lessons.iter().map(row).collect::<String>())?;
    outcome(&problems)
}

fn check(args: &CheckArgs) -> Result<()> {
    let (lessons, mut problems) = args.folder.read()?;
    let open = args.model.open()?;
    let translator = match open.translator() {
        None => Some(Checkpoint::bundled(&TRANSLATOR, args.model.device)?),
        Some(_) => None,
    };
    let (mut n_claims, mut n_questions) = (0, 0);
    for lesson in &lessons {
        // What such a lesson says is about a model of another kind.
        let other = translator.as_ref().filter(|_| lesson.needs.is_some());
        let model = other.unwrap_or(&open);
        n_claims += lesson.claims.len();
        problems.extend(false_claims(model, lesson));
        for question in lesson.questions() {
            n_questions += 1;
            let answer = question.answer.as_ref();
            let asked = answer.map(|answer| right_choice(model, answer, &question.choices));
            problems.extend(asked.and_then(std::result::Result::err).map(|problem| Problem {
                why: format!("{}: {}.md", problem.why, lesson.name),
                ..problem
            }));
        }
    }
    outcome(&problems)?;
    let n = lessons.len();
    let names = [Some(&open), translator.as_ref()];
    let names: Vec<&str> =
        names.into_iter().flatten().map(|model| model.info.name.as_str()).collect();
    let name = names.join(" and ");
    print(&format!(
        "{n} lessons, {n_questions} questions, {n_claims} claims about {name}: all hold\n"
    ))
}

/// What a lesson says that is not true of the model.
fn false_claims(model: &Checkpoint, lesson: &Lesson) -> Vec<Problem> {
    let judged = lesson.claims.iter().filter_map(|(line, claim)| {
        let why = match refuted(model, claim) {
            Ok(None) => return None,
            Ok(Some(truth)) => truth,
            Err(problem) => problem.why,
        };
        let place = format!("{why}: {}.md, line {line}", lesson.name);
        Some(Problem::new("A claim does not hold", place).cure("Choose another example, or say so"))
    });
    judged.collect()
}

/// One problem for all.
fn outcome(problems: &[Problem]) -> Result<()> {
    match problems {
        [] => Ok(()),
        [problem] => Err(problem.clone()),
        many => {
            let all: Vec<String> = many.iter().map(|problem| format!("\n  {problem}")).collect();
            Err(Problem::new(format!("{} problems", many.len()), all.concat()))
        }
    }
}
