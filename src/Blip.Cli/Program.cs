using System.Runtime.InteropServices;
using System.Text;
using Blip.Cli;
using Blip.Cli.Terminals;

LargePages.Use(args);
StandardFiles.Fill();
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
StandardStream.Use();
// Never disposed: the handler of a signal may still run when its registration is gone.
CancellationTokenSource stop = new();
int signalled = 0;
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, 130));
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, 143));
int code = await CommandLine.RunAsync(args, stop.Token);
return signalled != 0 && code != 0 ? signalled : code;

void Stop(PosixSignalContext context, int exitCode)
{
    // The second signal ends the process at once, as usual.
    context.Cancel = true;
    if (Interlocked.CompareExchange(ref signalled, exitCode, 0) != 0)
        ProcessEnd.Now(exitCode);
    ProcessEnd.After(CommandLine.TimeToStop(args), exitCode);
    stop.Cancel();
}
