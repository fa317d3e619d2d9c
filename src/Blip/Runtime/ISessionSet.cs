namespace Blip.Runtime;

/// <summary>Sessions that belong together and are made when they are first needed.</summary>
internal interface ISessionSet : IDisposable
{
    /// <summary>Makes what is not made yet.</summary>
    void Prepare();
}
