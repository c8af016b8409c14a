using Slice.Host.Demo;

namespace Slice.Host.CommandLine;

/// <summary>Serve a built-in origin through the proxy and show what happens.</summary>
/// <param name="Options">What is served and downloaded.</param>
public sealed record DemoCommand(DemoOptions Options) : CommandLineResult;
