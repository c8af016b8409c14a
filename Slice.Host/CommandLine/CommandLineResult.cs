namespace Slice.Host.CommandLine;

/// <summary>What the command line asks for; one of the records below.</summary>
public abstract record CommandLineResult;
