using Blip.Hosting;

namespace Blip.Cli;

/// <summary>Does something for each line of a file; a line that cannot be used becomes a line with <c>error</c>, and the rest goes on.</summary>
internal static class LineBatch
{
    /// <summary>The exit code: whether any line failed.</summary>
    public static async Task<int> RunAsync(string path, JsonLines output, Action<string> use, CancellationToken cancellationToken)
    {
        using StreamReader lines = InputLines.Open(path);
        int code = 0;
        while (await InputLines.NextAsync(lines, cancellationToken) is { } line)
        {
            try
            {
                use(line);
            }
            catch (BlipException exception)
            {
                output.Write(writer => AnswerJson.WriteError(writer, exception.Code, exception.Message));
                code = CommandLine.Failure;
            }
        }
        return code;
    }
}
