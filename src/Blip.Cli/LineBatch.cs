using Blip.Hosting;

namespace Blip.Cli;

/// <summary>Processes each line of a file. A line that cannot be used gets a line with <c>error</c>; the others are not affected.</summary>
internal static class LineBatch
{
    /// <summary>Processes all lines.</summary>
    /// <returns>The exit code: 0 unless a line failed.</returns>
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
