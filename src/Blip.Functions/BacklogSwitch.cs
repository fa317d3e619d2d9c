using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Extensions.Configuration;

namespace Blip.Functions;

/// <summary>
/// Hides the functions of the backlog from the platform, unless the setting <c>BlipBacklog</c> names their queue. Declared without it
/// they would be an error in the log of every start.
/// </summary>
internal sealed class BacklogSwitch(IConfiguration configuration) : IFunctionMetadataTransformer
{
    public const string Setting = "BlipBacklog", Answer = "AnswerBacklog", Requeue = "RequeueImages";

    public string Name => nameof(BacklogSwitch);

    public void Transform(IList<IFunctionMetadata> original)
    {
        if (!string.IsNullOrEmpty(configuration[Setting]))
            return;
        for (int i = original.Count - 1; i >= 0; i--)
        {
            if (original[i].Name is Answer or Requeue)
                original.RemoveAt(i);
        }
    }
}
